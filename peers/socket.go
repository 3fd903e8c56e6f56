package peers

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxListeners is how many WebSockets and event streams there may be at once, of all
	// buckets.
	maxListeners = 1000

	// socketPatience is how long a client may take for a message or for the answer to a
	// ping, and pingInterval how often one is sent.
	socketPatience = 10 * time.Second
	pingInterval   = 30 * time.Second
)

// listeners is how many WebSockets and event streams are open.
var listeners atomic.Int64

// listen counts one more of them, until done is called.
func listen() (done func(), f *failure) {
	if listeners.Add(1) > maxListeners {
		listeners.Add(-1)
		return nil, newFailure(http.StatusServiceUnavailable, "Error: too many clients listen to events: ask again")
	}
	return func() { listeners.Add(-1) }, nil
}

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
	done, f := listen()
	if f != nil {
		return f
	}
	defer done()
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
