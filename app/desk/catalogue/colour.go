package catalogue

// Colour is how well white text can be read on a colour.
type Colour struct {
	Hex      string  // #rrggbb
	Contrast float64 // to white, 1 to 21
	Readable bool    // as WCAG asks of text
	Nearest  string  // the closest colour that is readable; Hex itself when that is
}

// JudgeColour reads a colour like #0b4f9e or #08f and judges it as ChangeSettings does. ok is false for what is none.
func JudgeColour(s string) (c Colour, ok bool) {
	rgb, ok := readColour(s)
	if !ok {
		return Colour{}, false
	}
	c = Colour{Hex: hexColour(rgb), Contrast: contrastToWhite(rgb)}
	c.Readable, c.Nearest = c.Contrast >= leastContrast, c.Hex
	if !c.Readable {
		c.Nearest = hexColour(nearestReadable(rgb))
	}
	return c, true
}
