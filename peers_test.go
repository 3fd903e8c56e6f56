package mailbucket

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestPeerAPIsCanBeTurnedOff(t *testing.T) {
	s := start(t, `{
	LOGOFF
	mailbucket SMTP
}
HTTP {
	handle_path /without/* {
		mailbucket {
			peer_apis off
		}
	}
	handle_path /with/* {
		mailbucket {
			peer_apis on
		}
	}
	handle {
		mailbucket
	}
}
`)
	for path, want := range map[string]int{"/": http.StatusOK, "/with/": http.StatusOK, "/without/": http.StatusNotFound} {
		response, err := http.Get("http://" + s.http + path + "api/v1/messages")
		must(t, err)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, response.Status, want)
		}
	}
}

// mountsOfPeers has the website at the root, in a folder, and behind a proxy.
const mountsOfPeers = `{
	LOGOFF
	mailbucket SMTP
}
HTTP {
	encode
	handle_path /mail/* {
		mailbucket
	}
	handle_path /proxy/* {
		rewrite * /mail{uri}
		reverse_proxy {http.request.host}:{http.request.port}
	}
	handle {
		mailbucket
	}
}
`

// TestWebSocketsOfPeersPassCaddy receives and deletes a mail while clients listen, behind
// what Caddy puts between: a folder, compression, and a proxy.
func TestWebSocketsOfPeersPassCaddy(t *testing.T) {
	s := start(t, mountsOfPeers)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var listening []*websocket.Conn
	for _, folder := range []string{"/", "/mail/", "/proxy/"} {
		for _, path := range []string{"api/events", "api/v2/websocket"} {
			header := http.Header{"Accept-Encoding": {"gzip, zstd"}, "Origin": {"http://" + s.http}}
			conn, _, err := websocket.Dial(ctx, "ws://"+s.http+folder+path, &websocket.DialOptions{HTTPHeader: header})
			if err != nil {
				t.Fatalf("%s%s: %v", folder, path, err)
			}
			t.Cleanup(func() { _ = conn.CloseNow() })
			listening = append(listening, conn)
		}
	}
	// wait reads messages up to one that has these words.
	wait := func(conn *websocket.Conn, words ...string) {
		for {
			_, text, err := conn.Read(ctx)
			if err != nil {
				t.Fatalf("waiting for %q: %v", words, err)
			}
			has := json.Valid(text)
			for _, word := range words {
				has = has && strings.Contains(string(text), word)
			}
			if has {
				return
			}
		}
	}
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "Subject: sent\r\n\r\nbody"))
	for i, conn := range listening {
		if i%2 == 0 {
			wait(conn, `"Type":"new"`, `"Subject":"sent"`)
		} else {
			wait(conn, `"Subject":["sent"]`, `"Body":"body"`)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "http://"+s.http+"/api/v1/messages", nil)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	response.Body.Close()
	for i := 0; i < len(listening); i += 2 {
		wait(listening[i], `"Type":"truncate"`)
	}
}
