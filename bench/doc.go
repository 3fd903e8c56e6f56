// Package bench measures what a message costs on its way. The rig beside it
// measures whole servers.
package bench
