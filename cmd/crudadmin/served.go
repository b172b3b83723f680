package main

// This file holds the flags that say how the panel is served beside its address.

// servedFlags are the flags of every command that serves. ConfigFromEnv checks them as it does
// their variables.
type servedFlags struct {
	MountPath     string `placeholder:"PATH" variable:"MOUNT_PATH" help:"The path of the panel, /admin by default."`
	PublicURL     string `placeholder:"URL" variable:"PUBLIC_URL" help:"The address that visitors type, such as https://admin.example.com."`
	TLSCertFile   string `placeholder:"FILE" variable:"TLS_CERT_FILE" help:"Serve HTTPS with this certificate and its chain (PEM); needs --tls-key-file."`
	TLSKeyFile    string `placeholder:"FILE" variable:"TLS_KEY_FILE" help:"The key of the certificate (PEM). SIGHUP reads both files again."`
	ExportSpoolMB string `placeholder:"MIB" variable:"EXPORT_SPOOL_MB" help:"The room in --data-dir, in MiB, for all exports that browsers have not taken yet: 4096 by default."`
}
