package message

import (
	"reflect"
	"testing"
)

// languageCase is a case of [TestCodesInManyLanguages].
type languageCase struct {
	name, text string
	want       []string
}

var codesInManyLanguages = []languageCase{
	{"Arabic", "رمز التحقق الخاص بك هو ٤٨٣٩٢٠. لا تشاركه مع أحد.", []string{"483920"}},
	{"Arabic with the article", "الرمز: 483920", []string{"483920"}},
	{"Arabic, a line of its own", "مرحبا،\n\nاستخدم رمز التحقق التالي لتسجيل الدخول:\n\n483 920\n\nشكرا", []string{"483920"}},
	{"Persian", "کد تأیید شما: ۴۸۳۹۲۰", []string{"483920"}},
	{"Persian, one-time", "رمز یکبار مصرف شما ۱۲۳۴۵ است", []string{"12345"}},
	{"Hebrew", "קוד האימות שלך הוא 483920", []string{"483920"}},
	{"Hebrew before", "483920 הוא קוד האימות שלך", []string{"483920"}},
	{"Hebrew with a prefix", "הקוד שלך ל-Acme: 4839", []string{"4839"}},
	{"Greek", "Ο κωδικός επαλήθευσης είναι 483920.", []string{"483920"}},
	{"Greek capitals", "ΚΩΔΙΚΟΣ ΕΠΑΛΗΘΕΥΣΗΣ: 483920", []string{"483920"}},
	{"Hindi", "आपका सत्यापन कोड ४८३९२० है।", []string{"483920"}},
	{"Hindi OTP", "483920 आपका OTP है। इसे किसी से साझा न करें।", []string{"483920"}},
	{"Thai", "รหัสยืนยันของคุณคือ 483920", []string{"483920"}},
	{"Thai without a blank", "รหัส OTP ของคุณคือ๔๘๓๙๒๐", []string{"483920"}},
	{"Vietnamese", "Mã xác minh của bạn là 483920.", []string{"483920"}},
	{"Vietnamese OTP", "Mã OTP: 483 920", []string{"483920"}},
	{"Hungarian", "Az ellenőrző kódod: 483920", []string{"483920"}},
	{"Hungarian compound", "Megerősítőkód: 483 920", []string{"483920"}},
	{"Finnish", "Vahvistuskoodisi on 483920.", []string{"483920"}},
	{"Finnish one-time", "Kertakäyttökoodi: 4839", []string{"4839"}},
	{"Turkish", "Doğrulama kodunuz: 483920", []string{"483920"}},
	{"Turkish password", "Tek kullanımlık şifreniz 483920'dir", []string{"483920"}},
	{"Polish", "Twój kod weryfikacyjny to 483920", []string{"483920"}},
	{"Polish before", "483920 to Twój kod logowania", []string{"483920"}},
	{"Czech", "Váš ověřovací kód je 483920.", []string{"483920"}},
	{"Ukrainian", "Ваш код підтвердження: 483920", []string{"483920"}},
	{"Ukrainian instrumental", "Скористайтеся кодом 483-920, щоб увійти", []string{"483920"}},
	{"Chinese without blanks", "您的验证码是483920，请勿泄露。", []string{"483920"}},
	{"Chinese capitals", "验证码AB12CD", []string{"AB12CD"}},
	{"traditional Chinese", "您的驗證碼為：483920", []string{"483920"}},
	{"Japanese full width", "認証コード：４８３９２０", []string{"483920"}},
	{"Japanese without blanks", "認証コードは483920です。", []string{"483920"}},
	{"Korean", "인증번호는 483920입니다", []string{"483920"}},
	{"Swedish", "Din engångskod är 483920", []string{"483920"}},
	{"Danish", "Din bekræftelseskode: 483920", []string{"483920"}},
	{"Dutch", "Je verificatiecode is 483920", []string{"483920"}},
	{"Portuguese", "Seu código de verificação é 483920", []string{"483920"}},
	{"Romanian", "Codul dumneavoastră este 483920", []string{"483920"}},
	{"Indonesian", "Kode verifikasi Anda: 483920", []string{"483920"}},
	{"a no-break space", "Your code: 483\u00a0920", []string{"483920"}},
	{"a mark of direction", "קוד: \u200e483920\u200e", []string{"483920"}},

	{"Arabic order", "تأكيد الطلب رقم ١٢٣٤٥٦٧", nil},
	{"Arabic price", "التحقق من الدفع: ٤٥٠٠ ريال", nil},
	{"Persian year", "تایید ثبت نام شما در سال ۱۴۰۳", nil},
	{"Persian postal code", "کد پستی: ۱۲۳۴۵۶۷۸", nil},
	{"Hebrew telephone", "אימות בטלפון 03-1234567", nil},
	{"Greek order", "Επιβεβαίωση παραγγελίας 1234567", nil},
	{"Thai year", "ยืนยันการลงทะเบียน พ.ศ. ๒๕๖๗", nil},
	{"Thai zip code", "รหัสไปรษณีย์ 10110", nil},
	{"Vietnamese order", "Mã đơn hàng: 4839201", nil},
	{"Vietnamese tax number", "Mã số thuế 48392011", nil},
	{"Hungarian order", "Megerősítés: rendelésszám 4839201", nil},
	{"Finnish zip code", "Postikoodi 00100", nil},
	{"Turkish discount", "İndirim kodu: 483920", nil},
	{"Polish zip code", "Kod pocztowy 4839", nil},
	{"Czech order", "Potvrzení objednávky 4839201", nil},
	{"French postal code", "Code postal : 75011", nil},
	{"Spanish discount", "Código de descuento: 483920", nil},
	{"Italian tax code", "Codice fiscale 48392011", nil},
	{"Ukrainian order", "Підтвердження замовлення 4839201", nil},
	{"Chinese coupon", "优惠码 483920", nil},
	{"Japanese coupon", "クーポンコード: 483920", nil},
	{"Korean order", "주문번호 4839201 확인", nil},
}

func TestCodesInManyLanguages(t *testing.T) {
	for _, tt := range codesInManyLanguages {
		t.Run(tt.name, func(t *testing.T) {
			if got := Codes("", tt.text, ""); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q in %q, want %q", got, tt.text, tt.want)
			}
		})
	}
}

func TestCodesOfTheSubject(t *testing.T) {
	for _, tt := range []struct {
		name, subject, text, page string
		want                      []string
	}{
		{"in the subject alone", "483920 is your Acme code", "", "", []string{"483920"}},
		{"beside a body without it", "Your code: 483 920", "Hello Ann,\nsee the subject.", "", []string{"483920"}},
		{"in both", "Your code is 483920", "Your code is 483920.", "<p>Your code is 483920.", []string{"483920"}},
		{"the subject names it", "Your verification code", "Hello Ann,\n\n483920\n\nThanks", "", []string{"483920"}},
		{"the subject names it in HTML", "Verify your address", "", "<p>Hello</p><h1>483 920</h1>", []string{"483920"}},
		{"Hebrew", "קוד אימות 483920", "", "", []string{"483920"}},
		{"an order", "Order 4839201 confirmed", "Thanks for your order 4839201.", "", nil},
		{"an invoice", "Confirm invoice 4839201", "Customer 48213 owes 4500 EUR.", "", nil},
		{"a number of the text", "Verify your account", "Hello user 48213, welcome.", "", nil},
		{"a year", "Security update 2026", "News of 2026", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Codes(tt.subject, tt.text, tt.page); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDigitsOfAnyScript(t *testing.T) {
	for _, digits := range []string{"٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "０１２３４５６７８９", "০১২৩৪৫৬৭৮৯", "၀၁၂၃၄၅၆၇၈၉", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡"} {
		if got := newCodeText("", digits).text; got != "0123456789" {
			t.Errorf("%s: %s", digits, got)
		}
	}
}
