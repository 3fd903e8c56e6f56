package sendmail

import (
	"fmt"
	"io"
	"net"
)

// bridge connects a program that speaks SMTP on standard input and output with the server,
// until the server closes the connection.
func bridge(address string, stdin io.Reader, stdout io.Writer) error {
	conn, err := dial(address)
	if err != nil {
		// The program waits for a greeting.
		fmt.Fprintf(stdout, "421 4.3.2 No SMTP server at %s\r\n", address)
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, stdin) // an error is ignored, as the server sees the end
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(stdout, conn); err != nil {
		return failure(exitIO, fmt.Errorf("passing the server's answers on: %w", err))
	}
	return nil
}
