package catalogue

// Colour says how legible white text is on a colour.
type Colour struct {
	Hex      string  // #rrggbb
	Contrast float64 // with white, from 1 to 21
	Readable bool    // meets WCAG for text
	Nearest  string  // the closest readable colour; Hex itself if it is readable
}

// JudgeColour parses a colour like #0b4f9e or #08f and judges it as ChangeSettings does. ok is false when s is not a
// colour.
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
