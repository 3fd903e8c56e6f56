package peers

import (
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// mailpitInfo is what GET /api/v1/info answers with.
type mailpitInfo struct {
	Version       string // of mailbucket
	LatestVersion string
	Database      string
	DatabaseSize  int64
	Messages      int
	Unread        int
	Tags          map[string]int
	RuntimeStats  struct {
		Uptime           int64 // in seconds
		Memory           uint64
		MessagesDeleted  uint64
		SMTPAccepted     uint64
		SMTPAcceptedSize int64
		SMTPRejected     uint64
		SMTPIgnored      int
	}
}

// mailpitInfo answers GET /api/v1/info.
func (a *API) mailpitInfo(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	tags, err := a.countTags(r)
	if err != nil {
		return workFailure(err)
	}
	box, err := a.counts(r.Context())
	if err != nil {
		return workFailure(err)
	}
	s, _ := a.bucket.Stats() // zero where only a part of the mail is shown
	info := mailpitInfo{
		Version: version(), LatestVersion: "disabled", Database: "memory", DatabaseSize: s.Bytes,
		Messages: box.Messages, Unread: box.Unread, Tags: tags,
	}
	run := &info.RuntimeStats
	run.Uptime = int64(time.Since(started) / time.Second)
	if !a.bucket.Confined() {
		run.Memory = memoryInUse()
	}
	run.MessagesDeleted, run.SMTPAccepted, run.SMTPRejected = s.Deleted, s.Received, s.Refused
	run.SMTPAcceptedSize = s.Bytes + s.Freed
	return a.sendJSON(w, r, info, 1000+100*len(tags))
}

// started is when the process was.
var started = time.Now()

// version is that of the module, as it was built.
var version = sync.OnceValue(func() string {
	const module = "github.com/caddy-mailbucket/mailbucket"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "mailbucket"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Version != "" {
			return "mailbucket " + m.Version
		}
	}
	return "mailbucket"
})

// memoryInUse is the memory that the Go runtime has obtained from the system, in bytes.
func memoryInUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// mailpitWebUI answers GET /api/v1/webui with the settings of Mailpit's own pages.
func (a *API) mailpitWebUI(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	relay := a.mailpitRelay()
	return a.sendJSON(w, r, struct {
		Label               string
		MessageRelay        mailpitRelay
		SpamAssassin        bool
		ChaosEnabled        bool
		DuplicatesIgnored   bool
		HideDeleteAllButton bool
	}{ChaosEnabled: a.mayFault, MessageRelay: relay, HideDeleteAllButton: !a.bucket.Changeable()}, 1000+2*len(relay.AllowedRecipients))
}

// mailpitNoCheck refuses the checks for which the server would have to look something up
// elsewhere because of a mail.
func (a *API) mailpitNoCheck(_ http.ResponseWriter, r *http.Request, names []string) *failure {
	if _, f := a.named(r, names[0]); f != nil {
		return f
	}
	return newFailure(http.StatusNotFound, "Error: there is no such check here, as nothing is fetched or passed on because of a message")
}
