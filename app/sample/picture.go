package sample

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Picture is a schematic screen of an application, drawn by code.
type Picture struct {
	Kind     string // of PictureNames
	Language string // it or en
	Window   string // title of the window: the module
	Caption  string // what the picture shows; a flow takes its steps from the text after the colon
	Message  string // error message
}

// The size of a picture in pixels.
const (
	pictureWidth  = 640
	pictureHeight = 360
)

var (
	ink    = color.RGBA{0x24, 0x2b, 0x33, 0xff}
	faint  = color.RGBA{0x6b, 0x75, 0x80, 0xff}
	line   = color.RGBA{0xc9, 0xd0, 0xd8, 0xff}
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ground = color.RGBA{0xf0, 0xf2, 0xf5, 0xff}
	accent = color.RGBA{0x2f, 0x5d, 0x8a, 0xff}
	pale   = color.RGBA{0xdf, 0xe9, 0xf3, 0xff}
	alarm  = color.RGBA{0xb3, 0x26, 0x1e, 0xff}
	blush  = color.RGBA{0xfb, 0xe9, 0xe7, 0xff}
)

type faces struct{ regular, bold, small font.Face }

// loadFaces reads the two fonts once; they are part of the program.
var loadFaces = sync.OnceValues(func() (*faces, error) {
	face := func(ttf []byte, size float64) (font.Face, error) {
		f, err := opentype.Parse(ttf)
		if err != nil {
			return nil, err
		}
		return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	}
	regular, err := face(goregular.TTF, 13)
	if err != nil {
		return nil, fmt.Errorf("sample: read font: %w", err)
	}
	bold, err := face(gobold.TTF, 13)
	if err != nil {
		return nil, fmt.Errorf("sample: read font: %w", err)
	}
	small, err := face(goregular.TTF, 11)
	if err != nil {
		return nil, fmt.Errorf("sample: read font: %w", err)
	}
	return &faces{regular, bold, small}, nil
})

// drawing keeps two goroutines from using the faces at once: a face has its own buffer.
var drawing sync.Mutex

// PNG draws the picture. The same picture gives the same bytes.
func (p Picture) PNG() ([]byte, error) {
	f, err := loadFaces()
	if err != nil {
		return nil, err
	}
	drawing.Lock()
	defer drawing.Unlock()
	c := &canvas{image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight)), f}
	words := screenWords[p.Language]
	if words == nil {
		words = screenWords["it"]
	}
	c.window(p.Window)
	switch p.Kind {
	case "menu":
		c.menu(words, p.Caption)
	case "form":
		c.form(words, p.Caption)
	case "list":
		c.list(words, p.Caption)
	case "error":
		c.form(words, p.Caption)
		c.alert(words, p.Message)
	case "flow":
		c.flow(p.Caption)
	default:
		return nil, fmt.Errorf("sample: draw picture: no kind %q", p.Kind)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, c.small()); err != nil {
		return nil, fmt.Errorf("sample: encode picture: %w", err)
	}
	return out.Bytes(), nil
}

// screenWords are the words on the screens.
var screenWords = map[string]map[string]string{
	"it": {"menu": "Home|Ricerca|Contabilità|Risorse Umane|Pianificazione|Impostazioni", "fields": "Esercizio|Unità|Numero|Descrizione|Importo|Data",
		"values": "2026|Dipartimento|10482|Fornitura materiale|1.284,50|18/03/2026", "columns": "Numero|Data|Descrizione|Stato",
		"states": "Bozza|Completo|Approvato|Da verificare", "save": "Salva", "cancel": "Annulla", "search": "Cerca", "close": "Chiudi", "warn": "Attenzione",
		"error": "Operazione non riuscita. Codice 4127", "rows": "Fornitura materiale|Missione|Compenso|Canone annuale|Acquisto strumenti|Rimborso spese"},
	"en": {"menu": "Home|Research|Accounting|Human Resources|Planning|Settings", "fields": "Year|Unit|Number|Description|Amount|Date",
		"values": "2026|Department|10482|Supplies|1,284.50|18/03/2026", "columns": "Number|Date|Description|State",
		"states": "Draft|Complete|Approved|To be checked", "save": "Save", "cancel": "Cancel", "search": "Search", "close": "Close", "warn": "Warning",
		"error": "The operation failed. Code 4127", "rows": "Supplies|Mission|Fee|Yearly licence|New instruments|Refund of expenses"},
}

type canvas struct {
	*image.RGBA
	f *faces
}

// small reduces the picture to a palette: a screen has few colours, and the file shrinks to a third.
func (c *canvas) small() image.Image {
	var palette color.Palette
	var index [1 << 12]uint8 // by colour of twelve bits, counted from 1
	out := image.NewPaletted(c.Bounds(), nil)
	for i := range out.Pix {
		p := c.Pix[4*i : 4*i+3]
		r, g, b := p[0]|0x0f, p[1]|0x0f, p[2]|0x0f
		k := &index[int(r>>4)<<8|int(g>>4)<<4|int(b>>4)]
		if *k == 0 {
			if len(palette) == 255 {
				return c.RGBA
			}
			palette = append(palette, color.RGBA{r, g, b, 0xff})
			*k = uint8(len(palette)) // #nosec G115 -- at most 255, see above
		}
		out.Pix[i] = *k - 1
	}
	out.Palette = palette
	return out
}

func (c *canvas) fill(x, y, w, h int, col color.Color) {
	draw.Draw(c.RGBA, image.Rect(x, y, x+w, y+h), image.NewUniform(col), image.Point{}, draw.Src)
}

func (c *canvas) box(x, y, w, h int, edge, inside color.Color) {
	c.fill(x, y, w, h, edge)
	c.fill(x+1, y+1, w-2, h-2, inside)
}

// text writes at the baseline y, shortened to the width with an ellipsis.
func (c *canvas) text(x, y, width int, face font.Face, col color.Color, s string) {
	if font.MeasureString(face, s).Ceil() > width {
		r := []rune(s)
		for len(r) > 0 && font.MeasureString(face, string(r)+"…").Ceil() > width {
			r = r[:len(r)-1]
		}
		s = strings.TrimSpace(string(r)) + "…"
	}
	d := font.Drawer{Dst: c.RGBA, Src: image.NewUniform(col), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// lines writes the text on up to n lines of the width.
func (c *canvas) lines(x, y, width, n int, face font.Face, col color.Color, s string) {
	row := ""
	for _, w := range strings.Fields(s) {
		next := strings.TrimSpace(row + " " + w)
		if row != "" && font.MeasureString(face, next).Ceil() > width {
			if n--; n == 0 {
				c.text(x, y, width, face, col, row+" …")
				return
			}
			c.text(x, y, width, face, col, row)
			y += 18
			next = w
		}
		row = next
	}
	c.text(x, y, width, face, col, row)
}

func (c *canvas) button(x, y, w int, label string, primary bool) {
	if primary {
		c.box(x, y, w, 26, accent, accent)
		c.text(x+12, y+17, w-16, c.f.regular, paper, label)
		return
	}
	c.box(x, y, w, 26, line, paper)
	c.text(x+12, y+17, w-16, c.f.regular, ink, label)
}

func (c *canvas) window(title string) {
	c.fill(0, 0, pictureWidth, pictureHeight, ground)
	c.fill(0, 0, pictureWidth, 34, accent)
	c.text(14, 22, 480, c.f.bold, paper, title)
	for i := range 3 {
		c.fill(576+i*20, 13, 10, 10, pale)
	}
}

func (c *canvas) menu(w map[string]string, caption string) {
	c.fill(0, 34, 180, pictureHeight-34, paper)
	c.fill(180, 34, 1, pictureHeight-34, line)
	for i, item := range strings.Split(w["menu"], "|") {
		y := 50 + i*34
		if i == 2 {
			c.fill(0, y-4, 180, 30, pale)
			c.fill(0, y-4, 4, 30, accent)
		}
		c.text(20, y+16, 150, c.f.regular, ink, item)
	}
	c.text(204, 66, 410, c.f.bold, ink, caption)
	for i := range 6 {
		x, y := 204+(i%3)*140, 90+(i/3)*110
		c.box(x, y, 124, 92, line, paper)
		c.fill(x+14, y+14, 28, 28, pale)
		c.fill(x+14, y+56, 90-(i*13)%40, 7, line)
		c.fill(x+14, y+70, 60+(i*17)%30, 7, line)
	}
}

func (c *canvas) form(w map[string]string, caption string) {
	c.box(20, 54, 600, 286, line, paper)
	c.text(38, 80, 560, c.f.bold, ink, caption)
	fields, values := strings.Split(w["fields"], "|"), strings.Split(w["values"], "|")
	for i := range fields {
		x, y := 38+(i%2)*290, 102+(i/2)*62
		c.text(x, y+10, 260, c.f.small, faint, fields[i])
		c.box(x, y+16, 260, 28, line, paper)
		c.text(x+10, y+35, 240, c.f.regular, ink, values[i])
	}
	c.button(38, 298, 84, w["save"], true)
	c.button(132, 298, 90, w["cancel"], false)
}

func (c *canvas) list(w map[string]string, caption string) {
	c.text(20, 62, 400, c.f.bold, ink, caption)
	c.box(430, 46, 120, 26, line, paper)
	c.button(556, 46, 66, w["search"], true)
	c.box(20, 84, 602, 260, line, paper)
	c.fill(21, 85, 600, 30, pale)
	at := []int{34, 130, 250, 480}
	for i, name := range strings.Split(w["columns"], "|") {
		c.text(at[i], 104, 120, c.f.bold, ink, name)
	}
	rows, states := strings.Split(w["rows"], "|"), strings.Split(w["states"], "|")
	for i, row := range rows {
		y := 115 + i*38
		if i > 0 {
			c.fill(21, y, 600, 1, line)
		}
		c.text(at[0], y+24, 90, c.f.regular, ink, fmt.Sprint(10482+i*37))
		c.text(at[1], y+24, 110, c.f.regular, ink, fmt.Sprintf("%02d/03/2026", 4+i*4))
		c.text(at[2], y+24, 220, c.f.regular, ink, row)
		c.text(at[3], y+24, 130, c.f.regular, faint, states[i%len(states)])
	}
}

func (c *canvas) alert(w map[string]string, message string) {
	if message == "" {
		message = w["error"]
	}
	c.box(109, 119, 424, 150, faint, faint) // shadow
	c.box(104, 114, 424, 150, alarm, paper)
	c.fill(105, 115, 422, 32, blush)
	c.text(122, 136, 380, c.f.bold, alarm, w["warn"])
	c.lines(122, 174, 388, 3, c.f.regular, ink, message)
	c.button(430, 226, 84, w["close"], true)
}

func (c *canvas) flow(caption string) {
	head, tail, _ := strings.Cut(caption, ":")
	steps := strings.Split(strings.TrimSpace(tail), ", ")
	if tail == "" {
		steps = []string{"1", "2", "3", "4"}
	}
	c.text(24, 72, 590, c.f.bold, ink, strings.TrimSpace(head))
	n := min(len(steps), 5)
	width := (pictureWidth - 48 - (n-1)*28) / n
	for i, s := range steps[:n] {
		x := 24 + i*(width+28)
		edge, inside := line, paper
		if i == n-1 {
			edge, inside = accent, pale
		}
		c.box(x, 140, width, 84, edge, inside)
		c.fill(x+12, 152, 22, 22, accent)
		c.text(x+19, 168, 20, c.f.bold, paper, fmt.Sprint(i+1))
		r := []rune(s)
		c.lines(x+12, 196, width-18, 2, c.f.regular, ink, strings.ToUpper(string(r[:1]))+string(r[1:]))
		if i < n-1 {
			c.fill(x+width+4, 181, 14, 2, faint)
			for k := range 6 {
				c.fill(x+width+18+k, 176+k, 1, 12-2*k, faint)
			}
		}
	}
	c.fill(24, 268, pictureWidth-48, 1, line)
	for i := range 3 {
		c.fill(24, 286+i*18, 420-(i*97)%190, 7, line)
	}
}
