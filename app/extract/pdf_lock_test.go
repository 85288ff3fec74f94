package extract

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// qpdf 11 wrote the dictionaries and streams below for a page with the text "Città di Castello" and an empty user
// password: an independent check of how keys are computed.

const lockID = "<c4803565b9c247338268630875c7c464>"

var locked = []struct{ name, encrypt, stream string }{
	{"RC4 of 40 bits",
		"<< /Filter /Standard /Length 40 /O <c92422687facee686e373f10b5c7d04738053152f7e2ee30e11c69ec442576ab> /P -4 /R 2 " +
			"/U <07a4ab62995fbb8c73b53ef87fb6265c40f8965c82bda9318c9b526f984f16cd> /V 1 >>",
		"d24dca6c876bfe758ef441842ad90d67273a5e11236155a0c769cdb94c107f0fa3a81cab2be3ae028259236ac48c2f60c8c2782f3a94a18b607ab0"},
	{"RC4 of 128 bits",
		"<< /Filter /Standard /Length 128 /O <566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5> /P -4 /R 3 " +
			"/U <26c1adde6ce10bf646fcbd9c3c2809210122456a91bae5134273a6db134c87c4> /V 2 >>",
		"4ef8010fd98a7a5b9703c7ceaa09055eb76db1450b4571320c01bd39dcceaa7fe70a83ec5070864aa1c3141fb508478ec760160f5fdb01a8e732cc"},
	{"RC4 by a crypt filter",
		"<< /CF << /StdCF << /CFM /V2 /Length 16 >> >> /Filter /Standard /Length 128 " +
			"/O <566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5> /P -4 /R 4 /StmF /StdCF " +
			"/U <26c1adde6ce10bf646fcbd9c3c2809210122456a91bae5134273a6db134c87c4> /V 4 >>",
		"4ef8010fd98a7a5b9703c7ceaa09055eb76db1450b4571320c01bd39dcceaa7fe70a83ec5070864aa1c3141fb508478ec760160f5fdb01a8e732cc"},
	{"AES of 128 bits",
		"<< /CF << /StdCF << /CFM /AESV2 /Length 16 >> >> /Filter /Standard /Length 128 " +
			"/O <566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5> /P -4 /R 4 /StmF /StdCF " +
			"/U <26c1adde6ce10bf646fcbd9c3c2809210122456a91bae5134273a6db134c87c4> /V 4 >>",
		"50a614568bfc6ab9c3cd3ded3e55f07f46474b01172f7726b29ae567bf30419d033f13398548bb56b57ddf7055d4b6e11925a1520e5a0ca17975e830" +
			"386b745b9214a4792a3b3885d87c72c51123e41a"},
	{"AES of 128 bits, metadata in clear",
		"<< /CF << /StdCF << /CFM /AESV2 /Length 16 >> >> /EncryptMetadata false /Filter /Standard /Length 128 " +
			"/O <566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5> /P -4 /R 4 /StmF /StdCF " +
			"/U <0121119be9c5e56df87c9c9d063a2a7c0122456a91bae5134273a6db134c87c4> /V 4 >>",
		"a56c721302ba991e35457a673c552c888b29987bcccaaa60aa294cb530c8968305c16540e068752b0bb9bb653ba3063ac1d07c52e2fd68b2ca983019" +
			"4b2be91d6725707b3ad7c061cb0f526579a29b1d"},
	{"AES of 256 bits, revision 5",
		"<< /CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /Filter /Standard /Length 256 " +
			"/O <4bd97508ab6244df744454d3bcb8882cedcb3808fb4f94dc3e351414deecf1905e1f585f3e203bbed3e57e9ab580ef5a> /P -4 /R 5 /StmF /StdCF " +
			"/U <7208629a63d8ce6bb16f5ee3a5b5df1bf24e4ac2d51687ea42916b9c11e3b9d85ec9ae5a71cbb7b630ab546429d61a67> " +
			"/UE <4f274918ac729091bdd844b823b5ced2b4f21776e15f1a269a1a9be840fd3934> /V 5 >>",
		"f57480a6e0c319bdf371cfa2cc5c8d6c8993a6fbfaed67f330ff8357b86d94250c8f737f63e1a7914e37366e722196ed47befdeb09920c058c078bcd" +
			"e248ed1e512b0939ac65830d982dbb4bd3b00fb1"},
	{"AES of 256 bits, revision 6",
		"<< /CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /Filter /Standard /Length 256 " +
			"/O <5f82f0b5adf94d2c5e3cd46e7a92f2fb881d3e92ec496d277a4f0a7f83d813630efa24cfa530b3367bd1ee71b950f396> /P -4 /R 6 /StmF /StdCF " +
			"/U <f39c0fe3e3c8bf86aeeb546d13c7ebf0764fc3ec0ea7c578e2bfb0e9334dd4655f0e71f9c5e49f7f1b0cf57370bca82f> " +
			"/UE <f537609de9784c3799b3500f123aa8898dff8be90ff062f5e409ee78645f88d9> /V 5 >>",
		"f86fb6c58aa5289a125028d689437efc6de396b2c1ab697f0b76a2976ddafa586e722253e6ec1eb548b2bf476bf047e56477601b04587fd9eb17951d" +
			"3f2741fafa47e23328100638f4e566541ef2dbd1"},
}

// lockedPDF returns a file whose page shows stream number 4, encrypted as the dictionary says.
func lockedPDF(encrypt, dict, stream string) []byte {
	b := pdfOf(catalog, onePage, page, pdfStreamOf(dict, stream), winFont, encrypt)
	return append(b, []byte("trailer << /Root 1 0 R /Encrypt 6 0 R /ID ["+lockID+lockID+"] >>\n")...)
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFilesEncryptedWithAnEmptyPasswordAreRead(t *testing.T) {
	for _, c := range locked {
		t.Run(c.name, func(t *testing.T) {
			data := lockedPDF(c.encrypt, "/Filter /FlateDecode", unhex(t, c.stream))
			if got := textOf(t, data, "a.pdf", "application/pdf"); got != "Città di Castello" {
				t.Errorf("got %q", got)
			}
			for cut := range len(data) {
				_, _ = Text(bytes.NewReader(data[:cut]), int64(cut), "a.pdf", "application/pdf") // never panics
			}
			for _, broken := range []string{"/U", "/O", "/UE", "/ID", "/StmF", "/CFM", "/V", "/R", "/Length"} {
				other := bytes.ReplaceAll(data, []byte(broken+" "), []byte("/Zz "))
				if _, err := Text(bytes.NewReader(other), int64(len(other)), "a.pdf", "application/pdf"); err != nil && ReasonOf(err) != Encrypted && ReasonOf(err) != Damaged {
					t.Errorf("without %s: %v", broken, err)
				}
			}
		})
	}
}

func TestFilesThatNeedAPasswordSaySo(t *testing.T) {
	for name, encrypt := range map[string]string{
		"RC4 of 40 bits": "<< /Filter /Standard /Length 40 /O <86fe045358b44c9644693f33c07cb54f587dce1e2682fe9ecea6107a1ef630dd> /P -4 /R 2 " +
			"/U <fffeabc63de3a9d7576ba513fce9a04cc86cb3e43c5c616500f9f6f8dc7b0fe0> /V 1 >>",
		"RC4 of 128 bits": "<< /Filter /Standard /Length 128 /O <19b58e48c92b6569e765906caf64e4429a4c20d6e996fdef963e9b5080f9e083> /P -4 /R 3 " +
			"/U <8d56c0e6f63c4a3a3c2074fb9cef19fe0122456a91bae5134273a6db134c87c4> /V 2 >>",
		"AES of 128 bits": "<< /CF << /StdCF << /CFM /AESV2 /Length 16 >> >> /Filter /Standard /Length 128 " +
			"/O <19b58e48c92b6569e765906caf64e4429a4c20d6e996fdef963e9b5080f9e083> /P -4 /R 4 /StmF /StdCF " +
			"/U <8d56c0e6f63c4a3a3c2074fb9cef19fe0122456a91bae5134273a6db134c87c4> /V 4 >>",
		"AES of 256 bits, revision 5": "<< /CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /Filter /Standard /Length 256 " +
			"/O <b1bede4fe7a9ed9cfbd0ffcca4e135927655dc9ee6f05880f93919221a04b650d0c0a290fcffc61be2b2153df567e3ad> /P -4 /R 5 /StmF /StdCF " +
			"/U <359e7c1c81b3c6c3614a178bc53c58368f1343aa1a6aadd787edcd325410a9bc6374f1ace12df8b553522fe7820d563f> " +
			"/UE <ba9d974fe7e47e48af1d5d687d1206e26f896dc1554d4790efc077e7352bbcfd> /V 5 >>",
		"AES of 256 bits, revision 6": "<< /CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /Filter /Standard /Length 256 " +
			"/O <0625752cd983db01a61083c469e7a64bc233c5e7525050010b20fa53d53d6fab9fd40d0642a745a9ad6d87a653487830> /P -4 /R 6 /StmF /StdCF " +
			"/U <b7429eed8cc18d98a36c764413f11ee8d132070a763b5b1e8aa9c9be0214326dcc748be90255683ba4fa1881b26cd647> " +
			"/UE <d4280e76210bae88c58758ada65d71216de87537aedc5157d0cbced546fcb944> /V 5 >>",
	} {
		data := lockedPDF(encrypt, "", "BT /F 9 Tf (niente) Tj ET")
		text, err := Text(bytes.NewReader(data), int64(len(data)), "a.pdf", "application/pdf")
		if ReasonOf(err) != Encrypted || !errors.Is(err, errPassword) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	for name, encrypt := range map[string]string{
		"another handler":      "<< /Filter /Adobe.PubSec /V 4 >>",
		"a version to come":    "<< /Filter /Standard /V 6 /R 7 >>",
		"a version never told": "<< /Filter /Standard /V 3 /R 3 >>",
		"mixed up":             "<< /Filter /Standard /V 5 /R 6 /StmF /A /CF << /A << /CFM /V2 >> >> >>",
		"a name of no filter":  "<< /Filter /Standard /V 4 /R 4 /StmF /A >>",
		"no dictionary":        "null",
	} {
		data := lockedPDF(encrypt, "", "BT /F 9 Tf (niente) Tj ET")
		_, err := Text(bytes.NewReader(data), int64(len(data)), "a.pdf", "application/pdf")
		if ReasonOf(err) != Encrypted || !errors.Is(err, errHandler) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sealed encrypts a stream as object 4 of the generation.
func sealed(t *testing.T, l *pdfLock, generation byte, plain string) string {
	t.Helper()
	salt := ""
	if l.method == "AESV2" {
		salt = "sAlT"
	}
	sum := md5.Sum([]byte(string(l.key) + "\x04\x00\x00" + string(generation) + "\x00" + salt))
	key := sum[:min(16, len(l.key)+5)]
	if l.method == "V2" {
		c, err := rc4.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]byte, len(plain))
		c.XORKeyStream(out, []byte(plain))
		return string(out)
	}
	if l.method == "AESV3" {
		key = l.key
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	iv := bytes.Repeat([]byte{7}, 16)
	pad := 16 - len(plain)%16
	out := []byte(plain + strings.Repeat(string(rune(pad)), pad))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return string(iv) + string(out)
}

func TestWhatIsDecryptedAndWhatIsNot(t *testing.T) {
	const content = "BT /F 9 Tf (in chiaro) Tj ET"
	for _, c := range locked {
		lock := func() *pdfLock {
			f := &pdf{objects: map[pdfRef]place{}, cache: map[pdfRef]any{}}
			f.encrypt, f.id = (&lexer{b: []byte(c.encrypt)}).next(), []any{pdfString(unhex(t, strings.Trim(lockID, "<>")))}
			l, err := f.unlock()
			if err != nil {
				t.Fatal(c.name, err)
			}
			return l
		}()
		for _, w := range []struct{ name, dict, stream string }{
			{"plain content", "", sealed(t, lock, 0, content)},
			{"a filter that says it is not encrypted", "/Filter /Crypt", content},
			{"a list of filters that says so", "/Filter [/Crypt /FlateDecode] /DecodeParms [<< /Name /Identity >> null]", deflated(content)},
			{"a filter that names how", "/Filter [/Crypt] /DecodeParms [<< /Name /StdCF >>]", sealed(t, lock, 0, content)},
		} {
			if got := textOf(t, lockedPDF(c.encrypt, w.dict, w.stream), "a.pdf", "application/pdf"); got != "in chiaro" {
				t.Errorf("%s, %s: %q", c.name, w.name, got)
			}
		}
		second := bytes.Replace(lockedPDF(c.encrypt, "", sealed(t, lock, 2, content)), []byte("4 0 obj"), []byte("4 2 obj"), 1)
		if got := textOf(t, second, "a.pdf", "application/pdf"); got != "in chiaro" {
			t.Errorf("%s, of a later generation: %q", c.name, got)
		}
		for _, short := range []string{"", "x", strings.Repeat("x", 16), strings.Repeat("x", 31)} {
			data := lockedPDF(c.encrypt, "", short)
			if _, err := Text(bytes.NewReader(data), int64(len(data)), "a.pdf", "application/pdf"); err != nil {
				t.Errorf("%s, %d bytes: %v", c.name, len(short), err)
			}
		}
	}
	none := "<< /Filter /Standard /V 4 /R 4 /StmF /Identity >>"
	if got := textOf(t, lockedPDF(none, "", content), "a.pdf", "application/pdf"); got != "in chiaro" {
		t.Errorf("streams that are not encrypted: %q", got)
	}
	inBytes := strings.Replace(locked[1].encrypt, "/Length 128", "/Length 16", 1)
	if got := textOf(t, lockedPDF(inBytes, "/Filter /FlateDecode", unhex(t, locked[1].stream)), "a.pdf", "application/pdf"); got != "Città di Castello" {
		t.Errorf("a length in bytes: %q", got)
	}
}

func TestDecryptingIsBounded(t *testing.T) {
	c := locked[0]
	draw := strings.Repeat("/X Do ", 400)
	form := pdfStreamOf("/Subtype /Form", strings.Repeat("x", 1<<20))
	data := pdfOf(catalog, onePage, strings.Replace(page, "/X 6 0 R", "/X 7 0 R", 1), pdfStreamOf("/Filter /Crypt", draw), winFont, c.encrypt, form)
	data = append(data, []byte("trailer << /Root 1 0 R /Encrypt 6 0 R /ID ["+lockID+"] >>\n")...)
	if _, err := Text(bytes.NewReader(data), int64(len(data)), "a.pdf", "application/pdf"); ReasonOf(err) != TooMuch {
		t.Errorf("a stream decrypted 400 times: %v", err)
	}
}

func FuzzLockedPDF(f *testing.F) {
	for _, c := range locked {
		f.Add(lockedPDF(c.encrypt, "/Filter /FlateDecode", unhex(f, c.stream)))
	}
	f.Add(lockedPDF("<< /Filter /Standard /V 5 /R 6 >>", "", ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Text(bytes.NewReader(data), int64(len(data)), "x", "application/pdf")
		if len(s) > MaxText || err != nil && s != "" {
			t.Errorf("%d bytes, %v", len(s), err)
		}
	})
}
