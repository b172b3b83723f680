package main

// This file holds the command secret.

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

type secretCommand struct{}

func (*secretCommand) run(_ context.Context, p *program) error {
	_, err := fmt.Fprintln(p.stdout, newSecretKey())
	return err
}

// newSecretKey is 32 random bytes as 43 characters without quotes or spaces.
func newSecretKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(key)
}
