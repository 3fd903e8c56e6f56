//go:build example

package examples

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

func TestSignUp(t *testing.T) {
	get := func(url string, v any) { r, _ := http.Get(url); json.NewDecoder(r.Body).Decode(v) }
	mail, address := os.Getenv("MAIL"), rand.Text()+"@run42.test" // of this test alone
	http.Post(os.Getenv("APP")+"/signup?email="+address, "", nil)
	var email struct{ Links []struct{ URL string } }
	get(mail+"/emails/latest?wait=30s&recipient="+address, &email)
	if page, err := http.Get(email.Links[0].URL); err != nil || page.StatusCode != 200 {
		t.Error(page, err)
	}
}
