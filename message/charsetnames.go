package message

import (
	"strconv"
	"strings"
)

// charsetName gives the name under which decodeCharset knows a charset, for the many names
// that WHATWG, IANA, operating systems and mail programs have for it: in any case, with or
// without separators and prefixes such as x- and cs. It is "" for names without a meaning,
// and an unknown name itself, in lower case.
func charsetName(name string) string {
	name = strings.ToLower(strings.Trim(name, " \t\"'<>;,."))
	name = strings.TrimPrefix(name, "charset=")
	key := alphanumeric(name)
	for _, k := range []string{key, strings.TrimPrefix(key, "x"), strings.TrimPrefix(key, "cs")} {
		if known, ok := charsetAliases[k]; ok {
			return known
		}
		if known := numberedCharset(k); known != "" {
			return known
		}
		for _, family := range charsetFamilies {
			if strings.HasPrefix(k, family.prefix) {
				return family.name
			}
		}
	}
	if known := isoCharset(name); known != "" {
		return known
	}
	return name
}

// charsetFamilies are charsets with many variants, by the prefix of their names without
// separators. The variants are read as one charset, which has all their characters or
// nearly all.
var charsetFamilies = []struct{ prefix, name string }{
	{"utf8", "utf-8"}, {"cesu8", "utf-8"}, {"iso2022jp", "iso-2022-jp"}, {"eucjp", "euc-jp"}, {"eucjis", "euc-jp"},
	{"shiftjis", "shift_jis"}, {"sjis", "shift_jis"}, {"iso2022kr", "iso-2022-kr"}, {"iso2022cn", "iso-2022-cn"},
	{"ksc5601", "euc-kr"}, {"euckr", "euc-kr"}, {"big5", "big5"}, {"gb2312", "gb18030"}, {"gbk", "gb18030"}, {"gb18030", "gb18030"},
	{"hzgb", "hz-gb-2312"}, {"koi8r", "koi8-r"}, {"koi8u", "koi8-u"}, {"tis620", "windows-874"}, {"usascii", "us-ascii"}, {"ansix34", "us-ascii"},
}

// charsetAliases are other names, without separators.
var charsetAliases = map[string]string{
	"unknown": "", "unknown8bit": "", "8bit": "", "binary": "", "default": "", "defaultcharset": "", "none": "", "null": "", "undefined": "", "userdefined": "",
	"ascii": "us-ascii", "us": "us-ascii", "646": "us-ascii", "isoir6": "us-ascii", "iso646us": "us-ascii", "iso646irv": "us-ascii",
	"iso646irv1991": "us-ascii", "isoiec646": "us-ascii", "ascii7bit": "us-ascii", "7bit": "us-ascii", "invariant": "us-ascii",

	"unicode11utf8": "utf-8", "unicode20utf8": "utf-8", "utf": "utf-8", "unicode11utf7": "utf-7", "unicode20utf7": "utf-7", "utf7": "utf-7",
	"utf16": "utf-16", "ucs2": "utf-16", "iso10646ucs2": "utf-16", "iso10646": "utf-16", "unicode": "utf-16",
	"utf16be": "utf-16be", "ucs2be": "utf-16be", "unicodebig": "utf-16be", "unicodefffe": "utf-16be",
	"utf16le": "utf-16le", "ucs2le": "utf-16le", "unicodelittle": "utf-16le", "unicodefeff": "utf-16le",
	"utf32": "utf-32", "ucs4": "utf-32", "iso10646ucs4": "utf-32", "utf32be": "utf-32be", "utf32le": "utf-32le", "ucs4be": "utf-32be", "ucs4le": "utf-32le",

	"latin": "windows-1252", "ansi": "windows-1252", "western": "windows-1252", "westerneuropean": "windows-1252", "isolatin1": "windows-1252",
	"ansix31101983": "windows-1252", "windowslatin1": "windows-1252", "iso10646unicodelatin1": "windows-1252",
	"iso88591windows30latin1": "windows-1252", "iso88591windows31latin1": "windows-1252",
	"isolatin2": "iso-8859-2", "isolatin3": "iso-8859-3", "isolatin4": "iso-8859-4", "isolatin5": "windows-1254", "isolatin6": "iso-8859-10", "isolatin9": "iso-8859-15",
	"iso88592windowslatin2": "windows-1250", "iso88599windowslatin5": "windows-1254",
	"centraleuropean": "windows-1250", "cyrillicwindows": "windows-1251", "ami1251": "windows-1251", "amiga1251": "windows-1251",
	"iso88596i": "iso-8859-6", "iso88596e": "iso-8859-6", "asmo708": "iso-8859-6", "iso88598i": "iso-8859-8-i", "iso88598e": "iso-8859-8", "logical": "iso-8859-8-i",
	"iso885911": "windows-874", "thai": "windows-874",

	"koi8": "koi8-r", "koi": "koi8-r", "koi8ru": "koi8-u", "koi8unified": "koi8-r", "koi8e": "iso-ir-111", "ecmacyrillic": "iso-ir-111", "koi8t": "koi8-t",
	"kz1048": "kz-1048", "rk1048": "kz-1048", "strk10482002": "kz-1048", "ptcp154": "ptcp154", "pt154": "ptcp154", "cp154": "ptcp154", "cyrillicasian": "ptcp154",
	"armscii8": "armscii-8", "armscii": "armscii-8", "georgianps": "georgian-ps", "viscii": "viscii", "viscii11": "viscii",
	"hproman8": "hp-roman8", "roman8": "hp-roman8", "r8": "hp-roman8", "decmcs": "dec-mcs", "dec": "dec-mcs",

	"cpis": "cp861", "cpgr": "cp869", "pc8turkish": "cp857", "pc8danishnorwegian": "ibm865", "iso10646ucsbasic": "utf-16", "iso10646j1": "utf-16", "unicode11": "utf-16",

	"mac": "macintosh", "macroman": "macintosh", "macosroman": "macintosh", "macintosh": "macintosh", "applemacroman": "macintosh",
	"maccyrillic": "x-mac-cyrillic", "macukrainian": "x-mac-cyrillic", "macukraine": "x-mac-cyrillic", "macce": "mac-ce", "maccenteuro": "mac-ce", "maclatin2": "mac-ce",
	"maccentraleurope": "mac-ce", "maccentraleurroman": "mac-ce", "macgreek": "mac-greek", "macturkish": "mac-turkish", "maciceland": "mac-icelandic",
	"macicelandic": "mac-icelandic", "maccroatian": "mac-croatian", "macromania": "mac-romanian", "macromanian": "mac-romanian",
	"macjapanese": "shift_jis", "mackorean": "euc-kr", "macchinesesimp": "gb18030", "macchinesesimplified": "gb18030", "macchinesetrad": "big5", "macthai": "windows-874",

	"mskanji": "shift_jis", "cp943c": "shift_jis", "jisx0201": "shift_jis", "x0201": "shift_jis", "halfwidthkatakana": "shift_jis", "windows31j": "shift_jis", "mscp932": "shift_jis",
	"ujis": "euc-jp", "euc": "euc-jp", "eucpkdfmtjapanese": "euc-jp", "extendedunixcodepackedformatforjapanese": "euc-jp", "jis": "iso-2022-jp", "jisencoding": "iso-2022-jp",
	"windowsiso2022jp": "iso-2022-jp", "windows50220": "iso-2022-jp", "windows50221": "iso-2022-jp", "windowsiso2022kr": "iso-2022-kr",
	"uhc": "euc-kr", "korean": "euc-kr", "isoir149": "euc-kr", "ksx1001": "euc-kr", "ks": "euc-kr",
	"chinese": "gb18030", "isoir58": "gb18030", "iso58gb231280": "gb18030", "euccn": "gb18030", "cngb": "gb18030", "gb": "gb18030", "gb13000": "gb18030", "hz": "hz-gb-2312",
	"cnbig5": "big5", "xbig5": "big5", "bigfive": "big5",
}

// codePages are what IBM, Microsoft and Apple call charsets by number.
var codePages = map[int]string{
	367: "us-ascii", 720: "cp720", 737: "cp737", 775: "cp775", 813: "iso-8859-7", 819: "windows-1252", 856: "cp856", 857: "cp857", 861: "cp861",
	864: "cp864", 866: "ibm866", 869: "cp869", 874: "windows-874", 878: "koi8-r", 912: "iso-8859-2", 913: "iso-8859-3", 914: "iso-8859-4", 915: "iso-8859-5",
	916: "iso-8859-8", 920: "windows-1254", 921: "iso-8859-13", 923: "iso-8859-15", 932: "shift_jis", 936: "gb18030", 943: "shift_jis", 949: "euc-kr", 950: "big5",
	951: "big5", 954: "euc-jp", 964: "euc-tw", 970: "euc-kr", 1089: "iso-8859-6", 1125: "cp1125", 1162: "windows-874", 1168: "koi8-u", 1200: "utf-16le", 1201: "utf-16be", 1208: "utf-8",
	1250: "windows-1250", 1251: "windows-1251", 1252: "windows-1252", 1253: "windows-1253", 1254: "windows-1254", 1255: "windows-1255", 1256: "windows-1256", 1257: "windows-1257", 1258: "windows-1258",
	1381: "gb18030", 1383: "gb18030", 1386: "gb18030", 1392: "gb18030", 5347: "windows-1251", 5348: "windows-1252",
	10000: "macintosh", 10001: "shift_jis", 10002: "big5", 10003: "euc-kr", 10006: "mac-greek", 10007: "x-mac-cyrillic", 10008: "gb18030", 10010: "mac-romanian",
	10017: "x-mac-cyrillic", 10021: "windows-874", 10029: "mac-ce", 10079: "mac-icelandic", 10081: "mac-turkish", 10082: "mac-croatian",
	12000: "utf-32le", 12001: "utf-32be", 20127: "us-ascii", 20866: "koi8-r", 20932: "euc-jp", 20936: "gb18030", 20949: "euc-kr", 21866: "koi8-u",
	28591: "windows-1252", 28592: "iso-8859-2", 28593: "iso-8859-3", 28594: "iso-8859-4", 28595: "iso-8859-5", 28596: "iso-8859-6", 28597: "iso-8859-7",
	28598: "iso-8859-8", 28599: "windows-1254", 28603: "iso-8859-13", 28605: "iso-8859-15", 28606: "iso-8859-16", 38598: "iso-8859-8-i",
	50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "iso-2022-kr", 50227: "iso-2022-cn",
	51932: "euc-jp", 51936: "gb18030", 51949: "euc-kr", 52936: "hz-gb-2312", 54936: "gb18030", 65000: "utf-7", 65001: "utf-8",
}

// pagePrefixes stand before the number of a code page.
var pagePrefixes = wordSet("cp ms ibm win windows dos msdos oem codepage ccsid pc ansi mscp microsoftcp windowscp ibmcp")

// numberedCharset knows code pages by their number and a prefix, and the Latin
// alphabets by theirs.
func numberedCharset(key string) string {
	prefix := strings.TrimRight(key, "0123456789")
	digits := strings.TrimLeft(key[len(prefix):], "0")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return ""
	}
	switch {
	case (prefix == "latin" || prefix == "l") && n <= len(latins):
		return latins[n-1]
	case prefix != "" && !pagePrefixes[prefix], prefix == "" && n < 437:
		return ""
	}
	if page, ok := codePages[n]; ok {
		return page
	}
	if name := "ibm" + leastDigits(digits); findEncoding(name, "") != nil {
		return name
	}
	return ""
}

// leastDigits pads a number with zeros to the three digits that names of code pages have at
// least.
func leastDigits(digits string) string {
	return strings.Repeat("0", max(0, 3-len(digits))) + digits
}

// latins are the Latin alphabets, from Latin-1 on.
var latins = [...]string{
	"windows-1252", "iso-8859-2", "iso-8859-3", "iso-8859-4", "windows-1254", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
}

// isoCharset knows the parts of ISO 8859 by their number, which may be followed by
// the year of the standard.
func isoCharset(name string) string {
	_, part, ok := strings.Cut(name, "8859")
	if !ok {
		return ""
	}
	part = strings.TrimLeft(part, " -_.:")
	end := 0
	for end < len(part) && end < 2 && isDigit(part[end]) {
		end++
	}
	switch part[:end] {
	case "":
		return ""
	case "1":
		return "windows-1252"
	case "9":
		return "windows-1254"
	case "11":
		return "windows-874"
	}
	known := "iso-8859-" + part[:end]
	if findEncoding(known, "") == nil {
		return ""
	}
	return known
}
