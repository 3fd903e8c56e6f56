package peers

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// maxSockets is how many WebSockets there may be at once, of all buckets.
	maxSockets = 1000

	// socketPatience is how long a client may take for a message or for the answer to a
	// ping, and pingInterval how often one is sent.
	socketPatience = 10 * time.Second
	pingInterval   = 30 * time.Second

	// socketPause is how long a socket waits after a message before it looks for more, so
	// that many changes in a row lead to few messages about the numbers of mails.
	socketPause = 50 * time.Millisecond
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

// follow calls tell, which sends messages, whenever something may have happened in the
// bucket, until the client disconnects or the server stops. Tell reports whether there is
// more to send already.
func (a *API) follow(w http.ResponseWriter, r *http.Request, tell func(ctx context.Context, s *socket) (more bool, err error)) *failure {
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
	s := &socket{conn}
	for ctx.Err() == nil {
		watch := a.bucket.Watch(store.Query{})
		more, err := tell(ctx, s)
		if err == nil && !more {
			select {
			case <-watch.C:
				err = pause(ctx)
			case <-ctx.Done():
			}
		}
		watch.Stop()
		if err != nil {
			break
		}
	}
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

func pause(ctx context.Context) error {
	select {
	case <-time.After(socketPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
