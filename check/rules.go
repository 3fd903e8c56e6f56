package check

// The kinds of findings beside those of package message.
const (
	SubjectMissing     Code = "subject-missing"
	MessageIDMissing   Code = "message-id-missing"
	MessageIDOdd       Code = "message-id-odd"
	DateOff            Code = "date-off"
	SenderMissing      Code = "sender-missing"
	FromUnreadable     Code = "from-unreadable"
	FromLocal          Code = "from-local"
	FromReserved       Code = "from-reserved"
	ReplyToUnreadable  Code = "reply-to-unreadable"
	ReplyToLocal       Code = "reply-to-local"
	ReplyToReserved    Code = "reply-to-reserved"
	EnvelopeUnaligned  Code = "envelope-unaligned"
	UnsubscribeMissing Code = "list-unsubscribe-missing"
	UnsubscribeOdd     Code = "list-unsubscribe-malformed"
	UnsubscribeNoHTTPS Code = "list-unsubscribe-no-https"
	OneClickMissing    Code = "one-click-missing"
	OneClickOdd        Code = "one-click-malformed"
	OneClickUnsigned   Code = "one-click-unsigned"
	TextEmpty          Code = "text-empty"
	TextUnlikeHTML     Code = "text-unlike-html"
	TextMarkup         Code = "text-markup"
	PreviewUnhelpful   Code = "preview-unhelpful"
	Placeholder        Code = "placeholder"
	NearLarge          Code = "near-large-html"
	PageCut            Code = "html-cut"
	DoctypeMissing     Code = "doctype-missing"
	MetaCharset        Code = "meta-charset"
	NotUTF8            Code = "charset-not-utf-8"
	Script             Code = "script"
	Frame              Code = "frame"
	SchemeUndeclared   Code = "color-scheme-undeclared"
	ImageWithoutSource Code = "image-without-source"
	RemoteImage        Code = "remote-image"
	DataImage          Code = "data-image"
	ImageFormat        Code = "image-format"
	TrackingPixel      Code = "tracking-pixel"
	LinkInsecure       Code = "link-insecure"
	LinkLocal          Code = "link-local"
	LinkReserved       Code = "link-reserved"
	LinkRelative       Code = "link-relative"
	LinkEmpty          Code = "link-empty"
	LinkScript         Code = "link-script"
	LinkTextDiffers    Code = "link-text-differs"
	LinkTextMissing    Code = "link-text-missing"
	AltMissing         Code = "alt-missing"
	LangMissing        Code = "lang-missing"
	TitleMissing       Code = "title-missing"
	LowContrast        Code = "low-contrast"
	LowContrastDark    Code = "low-contrast-dark"
)

// rules has what each kind means.
var rules = map[Code]rule{
	SubjectMissing:    {Sender, Warning, "no subject, or an empty one"},
	MessageIDMissing:  {Sender, Warning, "no Message-ID, which answers refer to and spam filters expect (RFC 5322 3.6.4)"},
	MessageIDOdd:      {Sender, Warning, "Message-ID that is not one name, an at sign and the name of a host in angle brackets"},
	DateOff:           {Sender, Warning, "Date far from the time when the email came, by which clients sort and spam filters judge"},
	SenderMissing:     {Sender, Warning, "several authors in From but no Sender (RFC 5322 3.6.2)"},
	FromUnreadable:    {Sender, Error, "From without an address"},
	FromLocal:         {Sender, Warning, "domain in From that other servers cannot find, so that most refuse the email"},
	FromReserved:      {Sender, Note, "domain in From that is reserved for tests and examples (RFC 2606)"},
	ReplyToUnreadable: {Sender, Error, "Reply-To without an address, so that answers go nowhere"},
	ReplyToLocal:      {Sender, Error, "domain in Reply-To that answers cannot be sent to"},
	ReplyToReserved:   {Sender, Note, "domain in Reply-To that is reserved for tests and examples (RFC 2606)"},
	EnvelopeUnaligned: {Sender, Note, "sender of the envelope in another domain than From, so that SPF does not count for DMARC (RFC 7489 3.1.2)"},

	UnsubscribeMissing: {Bulk, Warning, "email to many without List-Unsubscribe, which Gmail and Yahoo ask of their senders (RFC 2369)"},
	UnsubscribeOdd:     {Bulk, Error, "List-Unsubscribe without a mailto: or https: URL in angle brackets (RFC 2369 3.2)"},
	UnsubscribeNoHTTPS: {Bulk, Warning, "List-Unsubscribe without an https: URL, which one click needs (RFC 8058 3.1)"},
	OneClickMissing:    {Bulk, Warning, "List-Unsubscribe without List-Unsubscribe-Post, so that one click does not unsubscribe (RFC 8058)"},
	OneClickOdd:        {Bulk, Error, "List-Unsubscribe-Post that is not List-Unsubscribe=One-Click (RFC 8058 3.1)"},
	OneClickUnsigned:   {Bulk, Warning, "DKIM signature that does not cover List-Unsubscribe and List-Unsubscribe-Post, as one click asks (RFC 8058 4)"},

	TextEmpty:        {Text, Warning, "text part in which nothing can be seen, beside HTML in which something can"},
	TextUnlikeHTML:   {Text, Warning, "text part that says something else than the HTML, which spam filters compare"},
	TextMarkup:       {Text, Warning, "tags of HTML in the text part"},
	PreviewUnhelpful: {Text, Note, "lists show something beside the subject that tells readers nothing"},
	Placeholder:      {Text, Warning, "placeholder that was not filled in"},

	NearLarge:        {HTML, Note, "HTML of more than nine tenths of the 102 KB that Gmail shows, to which senders often add"},
	PageCut:          {HTML, Note, "more HTML than is checked, which is 4 MB"},
	DoctypeMissing:   {HTML, Note, "no <!DOCTYPE html>, so that some clients use the layout rules of old browsers"},
	MetaCharset:      {HTML, Warning, "charset in a meta element that is another than that of the part"},
	NotUTF8:          {HTML, Note, "HTML in another charset than UTF-8, in which not all characters can be written"},
	Script:           {HTML, Warning, "script, which every mail client removes"},
	Frame:            {HTML, Warning, "frame or plug-in, which mail clients remove with all that is in it"},
	SchemeUndeclared: {HTML, Note, `styles for the dark scheme, but no <meta name="color-scheme" content="light dark">, without which Apple Mail may not use them`},

	ImageWithoutSource: {Images, Error, "image without a URL"},
	RemoteImage:        {Images, Note, "images on other sites, which many clients show only when the reader asks for them"},
	DataImage:          {Images, Warning, "images in data: URLs"},
	ImageFormat:        {Images, Warning, "images in a format that not all clients show"},
	TrackingPixel:      {Images, Note, "images of a pixel, which tell that the email was read: some clients and filters block them"},

	LinkInsecure:    {Links, Note, "links by http:, which browsers warn of"},
	LinkLocal:       {Links, Error, "links to a host that readers cannot reach"},
	LinkReserved:    {Links, Note, "links to a host that is reserved for tests and examples (RFC 2606)"},
	LinkRelative:    {Links, Error, "links that are relative, and lead nowhere from an email"},
	LinkEmpty:       {Links, Warning, "links to nothing"},
	LinkScript:      {Links, Error, "links that run a script, which mail clients remove"},
	LinkTextDiffers: {Links, Warning, "links that show one host and lead to another, as phishing does"},

	LinkTextMissing: {Accessibility, Warning, "links with no text, of which screen readers say the URL"},
	AltMissing:      {Accessibility, Warning, `images without alt, of which readers see and hear nothing until they are loaded; alt="" is right for decoration`},
	LangMissing:     {Accessibility, Note, "no lang on the html element, by which screen readers choose how to speak"},
	TitleMissing:    {Accessibility, Note, "no title element, or an empty one"},
	LowContrast:     {Accessibility, Warning, "text whose colour has a contrast of less than 4.5 to 1 with its background (WCAG 2.2, 1.4.3)"},
	LowContrastDark: {Accessibility, Warning, "text whose colour in the dark scheme has a contrast of less than 4.5 to 1 with its background (WCAG 2.2, 1.4.3)"},
}
