// Package trust makes configurations of TLS from what people write down: a switch, and
// a file with the authorities to trust.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS returns a configuration for TLS 1.2 and later that trusts the authorities in the
// PEM file and no others, or the system's where there is no file; nil where neither on
// nor a file asks for one.
func TLS(on bool, file string) (*tls.Config, error) {
	if !on && file == "" {
		return nil, nil
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(file) // the operator's own file
	if err != nil {
		return nil, err
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return conf, nil
}
