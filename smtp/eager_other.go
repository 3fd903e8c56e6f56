//go:build !unix

package smtp

import "net"

// Eager returns conn as it is.
func (srv *Server) Eager(conn net.Conn) net.Conn { return conn }
