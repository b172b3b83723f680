// This file holds throw-away certificate authorities and server certificates.

package testserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// TLS is what a client of a server with TLS needs, and what it must refuse.
// The server's certificate is valid for 127.0.0.1 and localhost.
type TLS struct {
	Config      *tls.Config // trusts the authority that signed the server's certificate
	WrongConfig *tls.Config // trusts another authority: the handshake must fail
	CAFile      string      // the right authority, PEM
	WrongCAFile string      // the other one, PEM

	certFile, keyFile string
}

func newTLS(dir string) (*TLS, error) {
	ca, err := newAuthority("right authority")
	if err != nil {
		return nil, err
	}
	wrong, err := newAuthority("wrong authority")
	if err != nil {
		return nil, err
	}
	cert, key, err := ca.serverCertificate()
	if err != nil {
		return nil, err
	}
	t := &TLS{
		Config:      ca.clientConfig(),
		WrongConfig: wrong.clientConfig(),
		CAFile:      filepath.Join(dir, "ca.pem"),
		WrongCAFile: filepath.Join(dir, "wrong-ca.pem"),
		certFile:    filepath.Join(dir, "server.pem"),
		keyFile:     filepath.Join(dir, "server.key"),
	}
	for name, content := range map[string][]byte{
		t.CAFile: ca.pem(), t.WrongCAFile: wrong.pem(), t.certFile: cert, t.keyFile: key,
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return nil, err
		}
	}
	return t, nil
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Unix(0, 0),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key}, nil
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func (a *authority) clientConfig() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func (a *authority) serverCertificate() (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "test server"},
		NotBefore:    a.cert.NotBefore,
		NotAfter:     a.cert.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

// config returns the client's configuration, or nil without TLS.
func (t *TLS) config() *tls.Config {
	if t == nil {
		return nil
	}
	return t.Config
}
