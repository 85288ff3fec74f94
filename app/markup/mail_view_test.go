package markup

import (
	"testing"
)

func TestMailHTML(t *testing.T) {
	picture := func(cid string) string {
		return map[string]string{"a@b": "/tickets/1/files/2", "evil": "https://t.it/x", "c d": "/files/3"}[cid]
	}
	for name, c := range map[string]struct {
		in     string
		remote bool
		want   string
		has    bool
	}{
		"no style, class, id or form":       {`<style>a</style><form action=x><div class=a id=b style=c onclick=d>e<input name=f></div></form><script>g</script>`, false, `<div><div>e</div></div>`, false},
		"an inline picture":                 {`<img src="cid:a@b" alt="A" width=10 onerror=x>`, false, `<img src="/tickets/1/files/2" alt="A" width="10">`, false},
		"an inline picture, escaped":        {`<img src="CID:c%20d">`, false, `<img src="/files/3" alt="">`, false},
		"an inline picture that is missing": {`<img src="cid:x" alt="Logo">`, false, `Logo`, false},
		"an inline picture from elsewhere":  {`<img src="cid:evil">`, true, ``, false},
		"a remote picture is left out":      {`<img src="https://t.it/a.gif" alt="Logo">b`, false, `Logob`, true},
		"a remote picture when asked":       {`<img src="https://t.it/a.gif" alt="Logo">`, true, `<img src="https://t.it/a.gif" alt="Logo">`, true},
		"a picture without a scheme":        {`<img src="//t.it/a.gif">b`, false, `b`, true},
		"a picture of a set":                {`<img srcset="https://t.it/a.gif 2x, https://t.it/b.gif">b`, false, `b`, true},
		"a set beside a picture":            {`<img src="cid:a@b" srcset="https://t.it/a.gif 2x">`, true, `<img src="/tickets/1/files/2" alt="">`, false},
		"a background is left out":          {`<table background="https://t.it/a.gif"><tr><td style="background:url(https://t.it/b)">c</td></tr></table>`, true, `<table><tr><td>c</td></tr></table>`, false},
		"no picture of this desk":           {`<img src="/files/1" alt="x"><img src="data:image/png;base64,xx" alt="y">`, true, `xy`, false},
		"no frame, object or film":          {`<iframe src=https://t.it>a</iframe><object data=https://t.it>b</object><video poster=https://t.it></video>`, true, `b`, false},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, string(MailHTML(c.in, MailView{picture, c.remote})), c.want)
			if got := HasRemote(c.in); got != c.has {
				t.Errorf("HasRemote is %v", got)
			}
		})
	}
}
