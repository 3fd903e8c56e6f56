package jetstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serverVariable has the options of the server that this program is to be, so that a test can
// kill it as only a process of its own can be killed.
const serverVariable = "MAILBUCKET_TEST_SERVER"

func TestMain(m *testing.M) {
	options := os.Getenv(serverVariable)
	if options == "" {
		os.Exit(m.Run())
	}
	if err := serve([]byte(options)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is how a server of its own is started.
type process struct {
	Name, StoreDir    string
	Port, ClusterPort int
	Routes            string // of the other servers of its cluster
}

// serve is a server until this process is killed, or its standard input ends with the test.
func serve(options []byte) error {
	var p process
	if err := json.Unmarshal(options, &p); err != nil {
		return err
	}
	opts := &server.Options{
		ServerName: p.Name, Host: "127.0.0.1", Port: p.Port, StoreDir: p.StoreDir, JetStream: true, NoLog: true, NoSigs: true,
	}
	if p.ClusterPort != 0 {
		opts.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: p.ClusterPort}
		opts.Routes = server.RoutesFromStr(p.Routes)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		return fmt.Errorf("%s does not start", p.Name)
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return nil
}

// start starts a server of its own.
func (p process) start(t testing.TB) *exec.Cmd {
	t.Helper()
	options, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"="+string(options))
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cmd.StdinPipe(); err != nil { // it is closed when this process ends
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if n, _ := out.Read(make([]byte, 6)); n == 0 {
		t.Fatalf("%s does not start: %s", p.Name, errors.String())
	}
	return cmd
}

// kill kills a server as it stands.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
