package e2e

import (
	"strings"
	"testing"
)

// TestScriptsWrittenForOtherServers reads mail as PHP and Python programs do that know
// Mailpit's or MailHog's API and need no package for it.
func TestScriptsWrittenForOtherServers(t *testing.T) {
	for _, test := range []struct{ interpreter, flag, script string }{
		{"php", "-r", `
$get = fn(string $path) => json_decode(file_get_contents($argv[1] . $path), true, 512, JSON_THROW_ON_ERROR);
$list = $get('/api/v1/messages?limit=10');
$mail = $get('/api/v1/message/' . $list['messages'][0]['ID']);
$item = $get('/api/v2/messages')['items'][0];
$same = $get('/api/v1/messages/' . urlencode($item['ID']));
file_get_contents($argv[1] . '/api/v1/messages', false, stream_context_create(['http' => ['method' => 'DELETE']]));
$left = $get('/api/v1/messages')['total'];
echo implode('|', [$list['total'], $mail['Subject'], $mail['To'][0]['Address'], trim($mail['Text']),
	$item['To'][0]['Mailbox'], $item['Content']['Body'], $same['Raw']['From'], $left]);
`},
		{"python3", "-c", `
import json, sys, urllib.parse, urllib.request
def call(path, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, method=method)) as answer:
        return answer.read()
get = lambda path: json.loads(call(path))
found = get("/api/v1/messages?limit=10")
mail = get("/api/v1/message/" + found["messages"][0]["ID"])
item = get("/api/v2/messages")["items"][0]
same = get("/api/v1/messages/" + urllib.parse.quote(item["ID"]))
call("/api/v1/messages", "DELETE")
left = get("/api/v1/messages")["total"]
print(found["total"], mail["Subject"], mail["To"][0]["Address"], mail["Text"].strip(),
    item["To"][0]["Mailbox"], item["Content"]["Body"], same["Raw"]["From"], left, sep="|", end="")
`},
	} {
		t.Run(test.interpreter, func(t *testing.T) {
			path := need(t, test.interpreter)
			s := serve(t, caddyfile)
			client := dial(t, s.smtp)
			client.say("HELO x\r\nMAIL FROM:<app@example.com>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n" +
				"To: Anna <anna@example.org>\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n.\r\n")
			client.expect("220", "250", "250", "250", "354", "250")
			want := "1|Grüße|anna@example.org|Hello|anna|Hello|app@example.com|0"
			if got := command(t, "", path, test.flag, test.script, "http://"+s.http); strings.TrimSpace(got) != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
