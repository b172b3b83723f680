// Package faults makes servers fail for real, killed, frozen, emptied, cut off or
// full, and checks what sessions do meanwhile and afterwards.
package faults
