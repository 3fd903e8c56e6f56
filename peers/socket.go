package peers

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxSockets is how many WebSockets there may be at once, of all buckets.
	maxSockets = 1000

	// socketPatience is how long a client may take for a message or for the answer to a
	// ping, and pingInterval how often one is sent.
	socketPatience = 10 * time.Second
	pingInterval   = 30 * time.Second
)

// sockets is how many WebSockets are open.
var sockets atomic.Int64

// socket is a WebSocket (RFC 6455) on which only the server sends messages.
type socket struct{ conn *websocket.Conn }

// send sends a text message.
func (s *socket) send(ctx context.Context, text []byte) error {
	ctx, cancel := context.WithTimeout(ctx, socketPatience)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, text)
}

// serveSocket answers with a WebSocket, and calls serve, which sends messages until ctx is
// done: when the client disconnects or the server stops.
func (a *API) serveSocket(w http.ResponseWriter, r *http.Request, serve func(ctx context.Context, s *socket)) *failure {
	if sockets.Add(1) > maxSockets {
		sockets.Add(-1)
		return newFailure(http.StatusServiceUnavailable, "Error: there are too many WebSockets: ask again")
	}
	defer sockets.Add(-1)
	// The guard has refused requests from pages of other sites.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return nil // answered
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(conn.CloseRead(r.Context()))
	defer cancel()
	defer context.AfterFunc(a.running, func() {
		_ = conn.Close(websocket.StatusGoingAway, "the server is stopping or reloading its configuration")
		cancel()
	})()
	go ping(ctx, cancel, conn)
	serve(ctx, &socket{conn})
	return nil
}

// ping closes a socket whose client no longer answers.
func ping(ctx context.Context, end context.CancelFunc, conn *websocket.Conn) {
	defer end()
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		waiting, cancel := context.WithTimeout(ctx, socketPatience)
		err := conn.Ping(waiting)
		cancel()
		if err != nil {
			return
		}
	}
}
