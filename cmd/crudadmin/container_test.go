package main

// This file holds the tests of Dockerfile and compose.yaml, read as files: they need no container
// engine.

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^CMD \["serve"\]$`, `(?m)^ENTRYPOINT \["/crudadmin"\]$`, `(?m)^HEALTHCHECK .*CMD \["/crudadmin", "health"\]$`,
		`(?m)^FROM .*:nonroot$`, `CGO_ENABLED=0`, `(?m)^VOLUME /data$`,
	} {
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("Dockerfile has no %s", want)
		}
	}
	if regexp.MustCompile(`(?i)(ENV|ARG) [^\n]*(PASSWORD|SECRET_KEY)`).Match(text) {
		t.Error("Dockerfile holds a secret's variable")
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			PIDs        int      `yaml:"pids_limit"`
			CPUs        float64  `yaml:"cpus"`
			Memory      string   `yaml:"mem_limit"`
			Ports       []string
			Environment map[string]string
			Secrets     []string
			Command     []string
			Entrypoint  []string
			Privileged  bool
			Healthcheck struct{ Test []string }
		}
		Secrets map[string]struct{ File string }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) < 4 {
		t.Fatalf("services: %v", file.Services)
	}
	secret := regexp.MustCompile(`PASSWORD|SECRET|_KEY`)
	for name, s := range file.Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.PIDs == 0 || s.CPUs == 0 || s.Memory == "" || s.Privileged {
			t.Errorf("%s is not hardened: %+v", name, s)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s listens to the network: %s", name, port)
			}
		}
		for variable, value := range s.Environment {
			if secret.MatchString(variable) && (!strings.HasSuffix(variable, "_FILE") || !strings.HasPrefix(value, "/run/secrets/") || !slices.Contains(s.Secrets, strings.TrimPrefix(value, "/run/secrets/"))) {
				t.Errorf("%s: %s=%s is not a file of a secret that it is given", name, variable, value)
			}
		}
		for _, given := range s.Secrets {
			if file.Secrets[given].File == "" {
				t.Errorf("%s: the secret %s comes from nowhere", name, given)
			}
		}
		if strings.Contains(strings.Join(append(s.Command, s.Entrypoint...), " "), "--requirepass") {
			t.Errorf("%s: a password is on the command line", name)
		}
	}
	panel := file.Services["panel"]
	if !slices.Equal(panel.Healthcheck.Test, []string{"CMD", "/crudadmin", "health", "--ready"}) {
		t.Errorf("the panel's health check is %q", panel.Healthcheck.Test)
	}
	// What the panel is started with is right, once its secrets are there.
	variables := map[string]string{}
	for name, value := range panel.Environment {
		if strings.HasSuffix(name, "_FILE") {
			path := t.TempDir() + "/secret"
			if err := os.WriteFile(path, []byte("kV3mQ9xT7bLw2RzY8cNf5HsJ4gPd6AuE\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			value = path
		}
		variables[name] = strings.TrimSuffix(strings.TrimPrefix(value, "${SESSION_BACKEND:-"), "}")
	}
	for _, environment := range []string{"development", "production"} {
		variables["ENVIRONMENT"] = environment
		if _, err := readSettings(func(name string) string { return variables[name] }, "/data"); err != nil {
			t.Errorf("%s: %v", environment, err)
		}
	}
}
