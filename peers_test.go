package mailbucket

import (
	"net/http"
	"testing"
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
