// Package command adds subcommands to Caddy: catch-mail catches mail without any
// configuration file, sendmail provides the interface of sendmail(8) for programs that send
// their mail through it, and webhook-test tries a receiver of webhooks.
//
// catchmail.go runs the server, config.go makes its configuration, and address.go finds out
// whether its addresses are free. Package sendmail sends, and webhooktest.go tries a
// receiver. healthcheck.go and version.go are for cmd/mailbucket.
package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-mailbucket/mailbucket/command/sendmail"
)

const (
	defaultSMTP = sendmail.DefaultServer
	defaultHTTP = "127.0.0.1:8025"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "catch-mail",
		Usage: "[--smtp <address>] [--http <address>] [--keep]",
		Short: "Catches mail and shows it, without a configuration file",
		Long: `
Catches every mail that is sent to it by SMTP and shows it on a website and by an
API. Nothing is delivered, and what is caught is kept in memory until Ctrl-C ends it,
or with --keep in a file, from which the next catch-mail --keep reads it again.

It answers on this machine only. To let others in, give it an address that they
reach, such as --smtp :1025 --http :8025.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().String("smtp", defaultSMTP, "Address to catch mail on")
			cmd.Flags().String("http", defaultHTTP, "Address of the website and the API")
			cmd.Flags().Bool("keep", false, "Keep mail in a file over a restart")
			strictly(cmd, func(cmd *cobra.Command) error {
				smtp, _ := cmd.Flags().GetString("smtp") // both are defined above
				http, _ := cmd.Flags().GetString("http")
				keep, _ := cmd.Flags().GetBool("keep")
				return catchMail(smtp, http, keep, cmd.OutOrStdout())
			})
		},
	})
	registerWebhookTest()
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "sendmail",
		Usage: "[-S <host:port>] [-t] [-i] [-f <sender>] [-bs] [<recipient>...]",
		Short: "Sends the mail on standard input, as sendmail(8) does",
		Long:  sendmail.Usage,
		CobraFunc: func(cmd *cobra.Command) {
			// It parses its options itself, in the way of sendmail(8).
			cmd.DisableFlagParsing = true
			cmd.SilenceErrors = true
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) {
					return sendmail.Run(args, os.Stdin, os.Stdout, os.Stderr, os.Getenv), nil
				})(cmd, nil)
			}
		},
	})
}

// strictly sets up a command that takes no arguments and that reports an error as one line
// on standard error, with exit code 1.
func strictly(cmd *cobra.Command, run func(*cobra.Command) error) {
	help := fmt.Sprintf("`%s --help` lists what there is", commandPath(cmd))
	cmd.SilenceErrors = true
	cmd.SilenceUsage = true
	say := func(cmd *cobra.Command, err error) error {
		printLine(cmd.ErrOrStderr(), cmd.Name()+": "+err.Error())
		return err
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return say(cmd, fmt.Errorf("%w: %s", err, help))
	})
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return say(cmd, fmt.Errorf("unexpected argument %q: %s", args[0], help))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := run(cmd); err != nil {
			return say(cmd, err)
		}
		return nil
	}
}

// commandPath is how the command is called. It has no parent yet while it is set up.
func commandPath(cmd *cobra.Command) string { return programName() + " " + cmd.Name() }

// printLine writes a text as one line.
func printLine(w io.Writer, text string) {
	fmt.Fprintln(w, strings.Join(strings.Fields(text), " "))
}
