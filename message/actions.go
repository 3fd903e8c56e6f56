package message

import (
	"regexp"
	"strings"
)

// maxActions is how many links Actions gives, and maxLooked how many it looks at.
const (
	maxActions = 2
	maxLooked  = 200
)

// action matches words at the beginning of the text of links that a mail was sent for, such
// as to verify an address, to reset a password or to sign in, in the most common languages
// of mail.
var action = regexp.MustCompile(`(?i)(^|[^\pL])(` + strings.Join([]string{
	"verif", "confirm", "activat", "reset", "magic", "sign[ _-]?in", "sign[ _-]?up", "log[ _-]?in", "password", "invit", "accept", "unlock", "approve", "get[ _-]?started", "token",
	"bestätig", "aktivier", "passwor", "anmeld", "zurücksetz", "einlad", "réinitialis", "activer", "mot de passe", "connexion", "vérifi",
	"restablec", "contraseña", "iniciar sesi", "activar", "conferm", "reimpost", "attiv", "accedi", "redefin", "senha", "ativar",
	"bevestig", "wachtwoord", "inlog", "potwierd", "hasł", "bekräft", "bekræft", "vahvista", "подтверд", "сброс", "парол", "підтверд",
	"doğrula", "şifre", "onayla", "确认", "驗證", "验证", "重置", "重設", "确認", "確認", "パスワード", "認証", "인증", "확인", "비밀번호", "تأكيد", "تحقق", "אימות", "אישור", "xác nhận", "ยืนยัน",
}, "|") + `)`)

// passive matches the text of other links, which may contain words of action as well.
var passive = regexp.MustCompile(`(?i)unsubscri|opt[ _-]?out|preferenc|privacy|abmeld|abbestell|désabonn|désinscri|cancelar suscrip|disiscri|afmeld|отпис|wypisz|配信停止|退订`)

// Actions gives those of the links of a mail that its reader is likely to be meant to
// follow, such as the one that verifies an address or resets a password: two at most,
// those whose text says so before those whose URL does.
func Actions(links []Link) []Link {
	var said, named []Link
	for _, l := range links[:min(len(links), maxLooked)] {
		scheme, _, _ := strings.Cut(strings.ToLower(l.URL), ":")
		if scheme == "mailto" || scheme == "tel" || scheme == "sms" || passive.MatchString(l.Text) || passive.MatchString(l.URL) {
			continue
		}
		if action.MatchString(l.Text) {
			said = append(said, l)
		} else if action.MatchString(withoutHost(scheme, l.URL)) {
			named = append(named, l)
		}
		if len(said) == maxActions {
			break
		}
	}
	all := append(said, named...)
	return all[:min(len(all), maxActions)]
}

// withoutHost returns a URL without its scheme and, of a website's, without the host.
func withoutHost(scheme, url string) string {
	_, rest, _ := strings.Cut(url, "//")
	if scheme != "http" && scheme != "https" {
		return rest
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[i:]
	}
	return ""
}
