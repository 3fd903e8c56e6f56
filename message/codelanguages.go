package message

// The words that distinguish codes from other numbers, in lower case.
var (
	// English, German and Dutch, French, Spanish and Portuguese, Italian and
	// Romanian, the Nordic languages, Finnish, Hungarian, Polish, Czech and Slovak,
	// the South Slavic languages, Turkish, Indonesian, Vietnamese, Russian,
	// Ukrainian and Bulgarian, Greek, Hebrew, Arabic, Persian and Urdu, Hindi,
	// Chinese, Japanese and Korean.
	strongWords = wordSet(`
		code codes pin otp passcode passcodes totp tan mtan onetime 2fa mfa tfa
		einmalpasswort einmalkennwort
		código códigos codigo codigo codigos clave
		codice codici cod codul codului
		kode koden kod koden kód koder koda kôd kodas
		koodi koodisi koodin koodia koodilla tunnusluku tunnuslukusi
		kódot kódod kódodat kódja kódját kódjával kódunk kódszám
		kodu kodem kody kodunuz kodunuzu kodun kodunu kodla kodi şifreniz şifrenizi şifren
		kódu kódem kódy
		mã
		код кода коды коду кодом кодове кодът
		κωδικός κωδικό κωδικού κωδικοί κωδικος κωδικοσ κωδικο κωδικου
		קוד הקוד קודך בקוד לקוד שהקוד וקוד
		رمز الرمز رمزك رمزكم برمز والرمز كود الكود بالكود رمزِ
		کد کدتان کدی کدِ كد رمز کوڈ
		कोड ओटीपी पिन
		코드 코드는 코드를 인증번호
	`)
	weakWords = wordSet(`
		verify verification verifying authenticate authentication authenticator confirm confirmation token
		password passphrase login signin security temporary
		bestätigen bestätigung anmeldung kennwort passwort sicherheit verificatie bevestiging wachtwoord
		vérifier vérification confirmer jeton connexion
		verificar verificación verificação confirmación confirmação contraseña senha acceso acesso
		verifica verificare conferma accesso confirmare
		bekræft bekreft bekräfta verifiering engångs hasło weryfikacja weryfikacyjny weryfikacji weryfikacyjnego
		logowania potwierdzenia potwierdzający jednorazowe jednorazowy
		ověření ověřovací ověřte heslo přihlášení potvrzovací jednorázový overenie overovací
		doğrulama onay şifre parola giriş
		vahvista vahvistus salasana kirjautuminen kirjautumisen
		ellenőrző megerősítő megerősítés jelszó belépési belépés bejelentkezési azonosító
		xác khẩu
		пароль пароля паролем подтверждения подтверждение входа підтвердження підтвердити верифікації входу
		επαλήθευσης επαλήθευση επιβεβαίωσης επιβεβαίωση ταυτοποίησης σύνδεσης συνθηματικό
		אימות האימות סיסמה הסיסמה סיסמא התחברות כניסה
		التحقق تحقق للتحقق التأكيد تأكيد لتأكيد المرور السري الدخول المصادقة
		تأیید تایید ورود گذرواژه عبور احراز
		सत्यापन पुष्टि लॉगिन पासवर्ड
		인증 확인 로그인 비밀번호
	`)
	// Parts of words in languages that compose or inflect them, or write no
	// blanks.
	codeParts = []string{
		"验证码", "驗證碼", "校验码", "动态码", "動態碼", "确认码", "確認碼", "授权码", "验证代码", "驗證代碼", "动态密码", "一次性密码", "一次性密碼",
		"認証コード", "確認コード", "コード", "認証番号", "確認番号", "暗証番号", "ワンタイム", "パスコード", "인증번호", "인증코드", "확인코드", "보안코드",
		"รหัส", "โอทีพี", "kód", "kertakäyttö", "κωδικ", "कोड",
	}
	weakParts    = []string{"ยืนยัน", "验证", "驗證", "認証", "인증"}
	codeSuffixes = []string{"code", "codes", "kode", "koden", "kod", "pin", "passwort", "koodi", "koodisi", "koodin", "kodunuz"}

	notCodes = wordSet(`
		barcode zipcode postcode postcodes qrcode promocode promocodes rabattcode gutscheincode unicode geocode
		decode encode opcode sourcecode hexcode vscode areacode couponcode rabattkode rabattkod postnummer
		postikoodi alennuskoodi viivakoodi tarjouskoodi kuponkikoodi vonalkód vonalkódja kuponkód kuponkódja
		promóciós kedvezménykód kódování
	`)
	notCodeParts = []string{
		"クーポン", "商品コード", "バーコード", "プロモ", "割引", "優待", "郵便", "ไปรษณีย์", "สินค้า", "ส่วนลด", "คำสั่งซื้อ", "쿠폰", "할인",
		"优惠码", "折扣码", "邮政编码",
	}
	// Words before "code" that give it another meaning, such as a postal code.
	otherCodes = wordSet(`
		zip postal post area country error promo promotional discount coupon voucher gift source dress qr status
		sort product tracking bar swift iban bic tax dial dialing color colour hex referral response
		posta indirim kupon promosyon ürün kampanya hediye slevový dárkový poštovní promóciós kedvezmény
		kuponový промо поштовий почтовый скидочный подарочный בר 쿠폰 할인 우편 상품 발송
	`)
	// Words after "code" that do the same, with at most one word in between.
	afterOtherCodes = wordSet(`
		postal postale poștal pocztowy promo promocional promozionale promocyjny rabatowy kreskowy sconto fiscale
		descuento desconto réduction reduction barras barre țara
		đơn vận giảm khuyến bưu sản hàng thuế
		скидки товара знижки товару
		εκπτωτικός προϊόντος παραγγελίας ταχυδρομικός
		الخصم البريدي تخفیف پستی سفارش הנחה מיקוד मंत्र
		conduct practice
	`)
	// Words that say what the number after them is.
	labels = wordSet(`
		order orders invoice tracking phone tel telephone telefon téléphone teléfono fax mobile call ticket case
		account acct customer client zip postal suite box ext extension ref reference shipment parcel booking
		bestellung rechnung kundennummer bestellnummer commande facture pedido factura ordine fattura copyright
		inv po rfc iso cve sku id utf
		tilaus tilausnumero tilauksesi lasku laskunumero puhelin
		rendelés rendelési rendelésszám rendelésed számla számlaszám telefonszám irányítószám ügyfélszám
		sipariş siparişiniz fatura müşteri
		zamówienie zamówienia zamówieniu faktura faktury klienta tel
		objednávka objednávky objednávce psč zákazníka telefonu
		đơn hàng điện thoại hotline
		заказ заказа телефон тел счет счёт замовлення рахунок індекс индекс
		παραγγελία παραγγελίας τηλέφωνο τηλ τιμολόγιο
		הזמנה ההזמנה טלפון חשבונית
		طلب الطلب طلبك هاتف الهاتف فاتورة سفارش تلفن فاکتور
		ऑर्डर फ़ोन फोन चालान
		โทร 주문 주문번호 전화
	`)
	currencies = wordSet(`
		usd eur gbp chf jpy cad aud dollars euros euro pounds
		zł pln kč czk ft huf tl try lira vnd đ đồng руб рублей грн uah ευρώ שח ריال ریال ريال درهم دينار تومان रुपये रुपए rs inr บาท thb kr sek nok dkk
		원 円 元
	`)
	units = wordSet(`
		minutes minute min hours hour seconds days day points
		px kb mb gb km kg people users customers items
		dakika perc minut minuuttia phút минут хвилин λεπτά דקות دقيقة دقائق دقیقه मिनट นาที 분 分钟 分
	`)
	// Words that lead from the keyword to the code.
	copulas = wordSet(`is ist lautet est es è é er är jest to enter use eingeben on είναι هو هي است הוא है คือ là je это це este`)
)
