// Package frame is what stands around every request, before a handler sees it: the gates,
// which say where it may come from.
package frame
