package message

import "strings"

// maxKeyword is the longest word that is looked up, in bytes.
const maxKeyword = 60

// How much a keyword says about a number near it.
const (
	strong = 24 // names a code
	weak   = 14 // is about identifying oneself
)

// keywordStrength tells what a lower-case word says, given the word before it.
func keywordStrength(s, before string) int {
	switch {
	case strongWords[s]:
		if otherCodes[before] {
			return 0
		}
		return strong
	case weakWords[s]:
		return weak
	}
	if len(s) < 6 || notCodes[s] {
		return 0
	}
	for _, part := range codeParts {
		if strings.Contains(s, part) {
			return strong
		}
	}
	for _, suffix := range codeSuffixes {
		if strings.HasSuffix(s, suffix) {
			return strong
		}
	}
	return 0
}

func wordSet(list string) map[string]bool {
	set := make(map[string]bool)
	for _, s := range strings.Fields(list) {
		set[s] = true
	}
	return set
}

var (
	// English, German and Dutch, French, Spanish and Portuguese, Italian, the
	// Nordic languages, Polish, Czech and Turkish, Russian and Ukrainian.
	strongWords = wordSet(`
		code codes pin otp passcode passcodes totp tan mtan onetime 2fa mfa tfa
		einmalpasswort einmalkennwort
		código códigos codigo codigos clave
		codice codici
		kode koden kod koden kód koder kodu kodunuz kodas
		код кода коды коду кодом
	`)
	weakWords = wordSet(`
		verify verification verifying authenticate authentication authenticator confirm confirmation token
		password passphrase login signin security temporary
		bestätigen bestätigung anmeldung kennwort passwort sicherheit verificatie bevestiging wachtwoord
		vérifier vérification confirmer jeton connexion
		verificar verificación verificação confirmación confirmação contraseña senha acceso acesso
		verifica verificare conferma accesso
		bekræft bekreft bekräfta verifiering engångs hasło weryfikacja weryfikacyjny ověření doğrulama onay şifre
		пароль пароля подтверждения подтверждение входа підтвердження
	`)
	// Parts of words in languages that compose them, or write no spaces.
	codeParts    = []string{"验证码", "驗證碼", "校验码", "动态码", "認証コード", "確認コード", "認証番号", "暗証番号", "ワンタイム", "パスコード", "인증번호", "인증코드", "확인코드"}
	codeSuffixes = []string{"code", "codes", "kode", "koden", "kod", "pin", "passwort"}

	notCodes = wordSet(`
		barcode zipcode postcode postcodes qrcode promocode promocodes rabattcode gutscheincode unicode geocode
		decode encode opcode sourcecode hexcode vscode areacode
	`)
	// Words before "code" that make it another thing.
	otherCodes = wordSet(`
		zip postal post area country error promo promotional discount coupon voucher gift source dress qr status
		sort product tracking bar swift iban bic tax dial dialing color colour hex referral response
	`)
	// Words that say what the number after them is.
	labels = wordSet(`
		order orders invoice tracking phone tel telephone telefon téléphone teléfono fax mobile call ticket case
		account acct customer client zip postal suite box ext extension ref reference shipment parcel booking
		bestellung rechnung kundennummer bestellnummer commande facture pedido factura ordine fattura copyright
		inv po rfc iso cve sku id utf
	`)
	currencies = wordSet(`usd eur gbp chf jpy cad aud dollars euros euro pounds`)
	units      = wordSet(`
		minutes minute min hours hour seconds days day points
		px kb mb gb km kg people users customers items
	`)
	// Words that lead from the keyword to the code.
	copulas = wordSet(`is ist lautet est es è é er är jest to enter use eingeben`)
)
