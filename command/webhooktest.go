package command

import (
	"context"
	"fmt"
	"os"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/rest"
	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/webhook"
)

// secretVariable is the environment's variable with the secret of a webhook, which does not
// belong among the arguments that every user of the machine can see.
const secretVariable = "MAILBUCKET_WEBHOOK_SECRET"

// registerWebhookTest adds the subcommand webhook-test.
func registerWebhookTest() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "webhook-test",
		Usage: "--url <url>",
		Short: "Tells a receiver of webhooks of a mail that is made up",
		Long: `
Sends one request to the URL as a bucket's webhook does, with the entry of a mail that is
made up, and says whether the receiver took it. It is signed with the secret in the
environment's variable ` + secretVariable + `, if that is set.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Flags().String("url", "", "URL of the receiver")
			strictly(cmd, func(cmd *cobra.Command) error {
				url, _ := cmd.Flags().GetString("url") // defined above
				if err := testWebhook(cmd.Context(), url, os.Getenv(secretVariable)); err != nil {
					return err
				}
				printLine(cmd.OutOrStdout(), "The receiver took the mail.")
				return nil
			})
		},
	})
}

// testWebhook tells a receiver of a mail that is made up. Its errors are those of the
// receiver, and those of a URL or a secret that is none.
func testWebhook(ctx context.Context, url, secret string) error {
	if err := webhook.CheckURL(url); err != nil {
		return fmt.Errorf("--url %s: %w", url, err)
	}
	o := webhook.Options{URL: url}
	if secret != "" {
		var err error
		if o.Secret, err = webhook.ParseSecret(secret); err != nil {
			return fmt.Errorf("%s: %w", secretVariable, err)
		}
	}
	b := store.New(store.Limits{})
	defer b.Close()
	m := &store.Message{
		Sender: "app@example.com", Recipients: []string{"test@example.com"},
		Raw: "From: app@example.com\r\nTo: test@example.com\r\nSubject: A test of this webhook\r\n\r\nThis mail was made up to try the webhook.\r\n",
	}
	m.HeaderFields = store.HeaderFields(message.ScanHeader(m.Raw))
	if err := b.Append(ctx, m); err != nil {
		return fmt.Errorf("making up a mail: %w", err)
	}
	return webhook.New(o).Post(ctx, m.ID.String(), rest.EntryJSON(b, m))
}
