package message

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"
)

// enmimeDiffers has the leaves in which enmime is known to differ.
var enmimeDiffers = map[string]string{
	"outlook.eml": "text",            // byte 0x80 in ISO-8859-1: a control character there, a euro sign here
	"rfc2231.eml": "application/pdf", // enmime prefers filename to filename*
}

// sameText compares text without regard to line ends at the end of it.
func sameText(a, b string) bool {
	normal := func(s string) string { return strings.TrimRight(plainLineEnds(s), "\n") }
	return normal(a) == normal(b)
}

// TestAgreesWithEnmime compares the valid mails leaf by leaf with enmime. It
// reads message/rfc822 as one part and does not take digests apart, so what is
// in messages is left out on both sides.
func TestAgreesWithEnmime(t *testing.T) {
	for _, file := range corpus(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw := readFile(t, file)
			m := Parse(raw)
			root, err := enmime.ReadParts(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			want := enmimeLeaves(root)
			got := leavesExcept(m.Root, nil, nil)
			if len(got) != len(want) {
				t.Fatalf("%d leaves, enmime has %d", len(got), len(want))
			}
			for i, p := range got {
				o := want[i]
				if o.ContentType != "" && o.ContentType != p.MediaType {
					t.Errorf("leaf %d: type %q, enmime has %q", i, p.MediaType, o.ContentType)
				}
				if differs := enmimeDiffers[filepath.Base(file)]; differs != "" && strings.HasPrefix(p.MediaType, differs) {
					continue
				}
				if p.isText() && !strings.EqualFold(o.Disposition, "attachment") {
					if !sameText(p.Text(), strings.TrimPrefix(string(o.Content), "\ufeff")) {
						t.Errorf("leaf %d: text %q, enmime has %q", i, p.Text(), o.Content)
					}
				} else if !sameText(string(p.Decode()), string(o.Content)) {
					t.Errorf("leaf %d: content %q, enmime has %q", i, p.Decode(), o.Content)
				}
				if o.FileName != p.Filename() {
					t.Errorf("leaf %d: file name %q, enmime has %q", i, p.Filename(), o.FileName)
				}
				if o.ContentID != p.ContentID() {
					t.Errorf("leaf %d: content ID %q, enmime has %q", i, p.ContentID(), o.ContentID)
				}
			}
			if got, want := m.Subject(), root.Header.Get("Subject"); got != want && DecodeHeader(want) != got {
				t.Errorf("subject %q, enmime has %q", got, want)
			}
		})
	}
}

func enmimeLeaves(p *enmime.Part) []*enmime.Part {
	if p.FirstChild == nil {
		return []*enmime.Part{p}
	}
	var leaves []*enmime.Part
	for child := p.FirstChild; child != nil; child = child.NextSibling {
		leaves = append(leaves, enmimeLeaves(child)...)
	}
	return leaves
}

// TestAgreesWithMultipart compares the encoded bodies with mime/multipart.
func TestAgreesWithMultipart(t *testing.T) {
	for _, file := range corpus(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw := readFile(t, file)
			m := Parse(raw)
			oracle, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(oracle.Body)
			if err != nil {
				t.Fatal(err)
			}
			compareMultipart(t, m.Root, oracle.Header.Get("Content-Type"), body)
			if want, err := oracle.Header.AddressList("To"); err == nil {
				compareAddresses(t, m.To(), want)
			}
			if want, err := oracle.Header.Date(); err == nil {
				if got, ok := m.Date(); !ok || !got.Equal(want) {
					t.Errorf("date %v, net/mail has %v", got, want)
				}
			}
		})
	}
}

func compareMultipart(t *testing.T, p *Part, contentType string, body []byte) {
	if p.Body() != string(body) {
		t.Errorf("part %d: body %q, mime/multipart has %q", p.Index, p.Body(), body)
	}
	kind, params, _ := mime.ParseMediaType(contentType)
	if !strings.HasPrefix(kind, "multipart/") {
		return
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for i := 0; ; i++ {
		child, err := r.NextRawPart()
		if err == io.EOF {
			if i != len(p.Parts) {
				t.Errorf("part %d: %d parts, mime/multipart has %d", p.Index, len(p.Parts), i)
			}
			return
		}
		if err != nil || i >= len(p.Parts) {
			t.Fatalf("part %d: only %d parts (%v)", p.Index, len(p.Parts), err)
		}
		content, err := io.ReadAll(child)
		if err != nil {
			t.Fatal(err)
		}
		compareMultipart(t, p.Parts[i], child.Header.Get("Content-Type"), content)
	}
}

func compareAddresses(t *testing.T, got []Address, want []*mail.Address) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("addresses %v, net/mail has %v", got, want)
		return
	}
	for i := range got {
		// net/mail puts a blank between a quoted string and an atom that touch.
		if strings.ReplaceAll(got[i].Name, " ", "") != strings.ReplaceAll(want[i].Name, " ", "") || got[i].Address != want[i].Address {
			t.Errorf("address %v, net/mail has %v", got[i], *want[i])
		}
	}
}

// What net/mail reads without an error must be read in the same way.
func FuzzAddressesAgreeWithNetMail(f *testing.F) {
	for _, s := range addressSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := mail.ParseAddressList(s)
		if err != nil || strings.ContainsAny(s, "\\?()\r\n[]:;") || strings.Contains(s, `"@`) || !isASCII(s) {
			return // differences that are meant: see TestAddresses
		}
		compareAddresses(t, ParseAddresses(s), want)
	})
}
