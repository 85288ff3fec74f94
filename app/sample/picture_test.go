package sample

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestPicturesAreSmallPNGs(t *testing.T) {
	for _, kind := range PictureNames {
		p := Picture{Kind: kind, Language: "it", Window: "U-GOV · Contabilità", Caption: "Percorso di una missione: richiesta, autorizzazione, rimborso, pagamento", Message: "Quadratura righe e coordinate: differenza 0,01"}
		raw, err := p.PNG()
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.PNG()
		if err != nil || !bytes.Equal(raw, again) {
			t.Errorf("%s: drawn twice, two pictures (%v)", kind, err)
		}
		im, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if im.Bounds().Dx() != pictureWidth || im.Bounds().Dy() != pictureHeight || len(raw) > 32<<10 {
			t.Errorf("%s: %v, %d bytes", kind, im.Bounds(), len(raw))
		}
		if dir := os.Getenv("SPORTELLO_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, kind+".png"), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := (Picture{Kind: "none"}).PNG(); err == nil {
		t.Error("a kind that is none was drawn")
	}
}
