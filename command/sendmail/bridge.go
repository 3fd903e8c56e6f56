package sendmail

import (
	"fmt"
	"io"
	"net"
)

// bridge gives a program that speaks SMTP on standard input and output the server
// to speak with, until the server closes the connection.
func bridge(address string, stdin io.Reader, stdout io.Writer) error {
	conn, err := dial(address)
	if err != nil {
		// The program waits for a greeting.
		fmt.Fprintf(stdout, "421 4.3.2 No SMTP server at %s\r\n", address)
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, stdin) // the server sees how it ended
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(stdout, conn); err != nil {
		return failure(exitIO, fmt.Errorf("passing the server's answers on: %w", err))
	}
	return nil
}
