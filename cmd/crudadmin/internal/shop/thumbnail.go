package shop

// This file draws the products' pictures.

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

const thumbnailSide = 24 // pixels

// thumbnail is a small PNG: a hill in the second colour before a sky in the first (three bytes
// each). It is not compressed, so that its bytes do not depend on the compressor's version.
func thumbnail(colors []byte) []byte {
	palette := color.Palette{
		color.RGBA{colors[0] | 0x80, colors[1] | 0x80, colors[2] | 0x80, 0xff},
		color.RGBA{colors[3] / 2, colors[4] / 2, colors[5] / 2, 0xff},
	}
	picture := image.NewPaletted(image.Rect(0, 0, thumbnailSide, thumbnailSide), palette)
	peak := int(colors[0]) % thumbnailSide
	for y := range thumbnailSide {
		for x := range thumbnailSide {
			if y > 8+max(x-peak, peak-x) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	if err := encoder.Encode(&out, picture); err != nil {
		panic(err) // a buffer takes every write, and the size is right
	}
	return out.Bytes()
}
