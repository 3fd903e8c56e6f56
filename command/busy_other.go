//go:build !linux

package command

import "runtime"

// howToFind is the command that shows which program listens on a port.
func howToFind(port string) string {
	if runtime.GOOS == "windows" {
		return "`netstat -ano | findstr :" + port + "`"
	}
	return "`lsof -nP -iTCP:" + port + " -sTCP:LISTEN`"
}

// listenerOf is the program that listens on a port, which cannot be found on this system.
func listenerOf(string) string { return "" }
