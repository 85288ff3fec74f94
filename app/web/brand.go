package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"sportello/store"
	"sportello/store/fault"
)

// builtInColour is already in the style sheets and needs no sheet of its own.
const builtInColour = "#0b4f9e"

// brandAddresses returns the addresses of the desk's own colour sheet and logo. The addresses change with the content.
// Either is empty when the desk has none of its own.
func brandAddresses(s *store.Settings) (sheet, logo string) {
	if s.Colour != "" && s.Colour != builtInColour {
		sheet = "/brand/" + brandHash(s.Colour) + "/colour.css"
	}
	if s.Logo != "" {
		logo = "/brand/" + brandHash(s.Logo) + "/logo"
	}
	return sheet, logo
}

func brandHash(s string) string {
	sum := sha256.Sum256([]byte("brand 1 " + s))
	return hex.EncodeToString(sum[:])[:12]
}

// GetBrandColour answers with the style sheet that sets the desk's colour.
func (s *Site) GetBrandColour(r *Request) error {
	set := r.Settings()
	r.keepBrand(brandHash(set.Colour))
	r.c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	return r.c.SendString(brandSheet(set.Colour))
}

// GetBrandLogo answers with the desk's logo, a raster image.
func (s *Site) GetBrandLogo(r *Request) error {
	set := r.Settings()
	if set.Logo == "" {
		return fault.New(fault.NotFound, "error.not-found")
	}
	switch set.LogoType {
	case "image/png", "image/jpeg", "image/webp":
	default:
		return fault.New(fault.NotFound, "error.not-found")
	}
	f, err := r.site.Store.OpenBlob(set.Logo)
	if err != nil {
		return err
	}
	r.keepBrand(brandHash(set.Logo))
	r.c.Set(fiber.HeaderContentType, set.LogoType)
	r.c.Set(fiber.HeaderContentSecurityPolicy, FilePolicy)
	return r.c.SendStream(f) // SendStream closes the file
}

func (r *Request) keepBrand(hash string) {
	if r.c.Params("hash") == hash {
		r.c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	} else {
		r.c.Set(fiber.HeaderCacheControl, "no-cache")
	}
}

// brandSheet uses the colour on light pages, and on dark pages the nearest mix of it with white that is legible.
func brandSheet(colour string) string {
	light, ok := parseColour(colour)
	if !ok {
		return ""
	}
	dark := light
	ground := rgb{0x18, 0x1f, 0x28}
	for i := 1; i <= 20 && contrast(dark, ground) < 4.5; i++ {
		dark = light.mix(rgb{255, 255, 255}, float64(i)/20)
	}
	return fmt.Sprintf(":root { --brand: light-dark(%s, %s); }\n", light, dark)
}

type rgb struct{ r, g, b float64 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", int(c.r), int(c.g), int(c.b)) }

func (c rgb) mix(o rgb, part float64) rgb {
	return rgb{c.r + (o.r-c.r)*part, c.g + (o.g-c.g)*part, c.b + (o.b-c.b)*part}
}

func parseColour(s string) (rgb, bool) {
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return rgb{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, true
}

// contrast returns the WCAG contrast ratio of the two colours, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

func (c rgb) luminance() float64 {
	part := func(v float64) float64 {
		if v /= 255; v <= 0.03928 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.r) + 0.7152*part(c.g) + 0.0722*part(c.b)
}
