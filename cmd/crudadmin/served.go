package main

// This file holds the flags that say how the panel is served beside its address.

// servedFlags are the flags of every command that serves. ConfigFromEnv checks them as it does their variables.
type servedFlags struct {
	MountPath     string `placeholder:"PATH" variable:"MOUNT_PATH" help:"The panel's path: /admin unless said."`
	PublicURL     string `placeholder:"URL" variable:"PUBLIC_URL" help:"The address that people type, such as https://admin.example.com."`
	TLSCertFile   string `placeholder:"FILE" variable:"TLS_CERT_FILE" help:"Speak TLS with this certificate and its chain (PEM); needs --tls-key-file."`
	TLSKeyFile    string `placeholder:"FILE" variable:"TLS_KEY_FILE" help:"The certificate's key (PEM); both files are read again on SIGHUP."`
	ExportSpoolMB string `placeholder:"MIB" variable:"EXPORT_SPOOL_MB" help:"How much room in --data-dir all exports that wait to be taken may have together: 4096 unless said."`
}

func (f servedFlags) variable(name string) string {
	return map[string]string{
		"MOUNT_PATH": f.MountPath, "PUBLIC_URL": f.PublicURL, "TLS_CERT_FILE": f.TLSCertFile, "TLS_KEY_FILE": f.TLSKeyFile, "EXPORT_SPOOL_MB": f.ExportSpoolMB,
	}[name]
}
