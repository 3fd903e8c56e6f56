package command

import (
	"fmt"
	"io"
	"net/http"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// RegisterHealthcheck adds the subcommand healthcheck, for the health checks of container
// engines. It is not registered in every Caddy with this plugin, as another plugin may have
// a subcommand of that name.
func RegisterHealthcheck() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "healthcheck",
		Usage: "[--http <address>]",
		Short: "Tells whether a mailbucket on this machine is ready",
		Long: `
Asks /readyz of the mailbucket at the address. The exit code is 0 if it is ready to
catch mail, and 1 otherwise.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().String("http", defaultHTTP, "Address of the website and the API")
			strictly(cmd, func(cmd *cobra.Command) error {
				text, _ := cmd.Flags().GetString("http") // defined above
				a, err := parseAddress("http", text)
				if err != nil {
					return err
				}
				return checkHealth("http://" + a.forPeople() + "/readyz")
			})
		},
	})
}

func checkHealth(url string) error {
	client := &http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return fmt.Errorf("not running: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // an error is ignored, as the status is enough
		return fmt.Errorf("not ready: %s answered %s: %s", url, response.Status, text)
	}
	return nil
}
