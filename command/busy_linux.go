package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// howToFind is the command that shows which program listens on a port.
func howToFind(port string) string { return "`ss -ltnp 'sport = :" + port + "'`" }

// listenerOf is the program that listens on a TCP port and its process ID, according to
// /proc (proc_pid_net(5)); "" if it belongs to another user.
func listenerOf(port string) string {
	sockets := make(map[string]bool)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // without the table, nothing is found
		for line := range strings.Lines(string(text)) {
			collectListener(sockets, strings.Fields(line), port)
		}
	}
	if len(sockets) == 0 {
		return ""
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is valid
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && sockets[target] {
			process := filepath.Base(filepath.Dir(filepath.Dir(file)))
			name, err := os.ReadFile(filepath.Join("/proc", process, "comm"))
			if err == nil {
				return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), process)
			}
		}
	}
	return ""
}

// collectListener adds the inode of a listening socket, from a line of the table of
// sockets: the local address is its second field, the state its fourth, and the inode its
// tenth.
func collectListener(sockets map[string]bool, fields []string, port string) {
	const listening = "0A"
	if len(fields) < 10 || fields[3] != listening {
		return
	}
	_, hexPort, _ := strings.Cut(fields[1], ":")
	if number, err := strconv.ParseUint(hexPort, 16, 16); err == nil && strconv.FormatUint(number, 10) == port {
		sockets["socket:["+fields[9]+"]"] = true
	}
}
