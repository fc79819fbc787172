// Package manifests decodes the examples for Docker Compose and Kubernetes as those programs do, strictly: a key that
// they do not know, or a value of another type, is an error. It is a module of its own, so that what it needs is no
// dependency of the gateway; make release-check runs it.
package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// TestExamples wants the examples to be read, and each of them to be refused with one word misspelt.
func TestExamples(t *testing.T) {
	for _, tc := range []struct {
		file, word, misspelt string
		read                 func(string) error
	}{
		{"../../deploy/compose/compose.yaml", "stop_grace_period:", "stop_grace_periods:", compose},
		{"../../deploy/compose/compose.yaml", "retries: 30", "retries: many", compose},
		{"../../deploy/kubernetes/chargestamp.yaml", "readinessProbe:", "readynessProbe:", kubernetes},
		{"../../deploy/kubernetes/chargestamp.yaml", "minAvailable:", "minimumAvailable:", kubernetes},
	} {
		if err := tc.read(tc.file); err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(tc.file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), tc.word) {
			t.Fatalf("%s does not hold %q", tc.file, tc.word)
		}
		wrong := filepath.Join(t.TempDir(), filepath.Base(tc.file))
		if err := os.WriteFile(wrong, []byte(strings.ReplaceAll(string(text), tc.word, tc.misspelt)), 0o600); err != nil {
			t.Fatal(err)
		}
		if tc.read(wrong) == nil {
			t.Errorf("%s is read with %q", tc.file, tc.misspelt)
		}
	}
}

// compose loads a compose file with the variables that its head says to set.
func compose(file string) error {
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: filepath.Dir(file), ConfigFiles: []types.ConfigFile{{Filename: file}},
		Environment: types.Mapping{"CHARGESTAMP_VERSION": "1.0.0", "DATABASE_PASSWORD": "invented"},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(project.Services) == 0 {
		return fmt.Errorf("%s has no services", file)
	}
	return nil
}

// objects are the kinds that the example may hold.
var objects = map[string]func() any{
	"v1 ConfigMap":                  func() any { return new(core.ConfigMap) },
	"v1 Secret":                     func() any { return new(core.Secret) },
	"v1 Service":                    func() any { return new(core.Service) },
	"apps/v1 StatefulSet":           func() any { return new(apps.StatefulSet) },
	"policy/v1 PodDisruptionBudget": func() any { return new(policy.PodDisruptionBudget) },
}

// kubernetes decodes each object of a file into its type.
func kubernetes(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var wrong []error
	for i, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(document, &head); err != nil {
			wrong = append(wrong, fmt.Errorf("%s, object %d: %w", file, i+1, err))
			continue
		}
		kind := head.APIVersion + " " + head.Kind
		made := objects[kind]
		if made == nil {
			wrong = append(wrong, fmt.Errorf("%s, object %d: tools/manifests does not know the kind %q", file, i+1, kind))
			continue
		}
		if err := yaml.UnmarshalStrict(document, made()); err != nil {
			wrong = append(wrong, fmt.Errorf("%s, object %d, %s: %w", file, i+1, kind, err))
		}
	}
	return errors.Join(wrong...)
}
