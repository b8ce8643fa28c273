//go:build acceptance

package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const devcloudScript = "../../testdata/devcloud/devcloud"

// What TestMain prepares: the programs under test and the clouds.yaml of the running devcloud.
var tester, cloudsim, cloudsYAML string

func TestMain(m *testing.M) {
	os.Exit(prepareAndRun(m))
}

func prepareAndRun(m *testing.M) int {
	cloudsYAML = os.Getenv("DEVCLOUD_CLOUDS_YAML")
	if _, err := os.Stat(cloudsYAML); err != nil {
		fmt.Printf("FAIL: no devcloud (DEVCLOUD_CLOUDS_YAML: %v): run `make acceptance`, or with DEVCLOUD_RELEASE set to the one that is meant "+
			"`devcloud up`, whose output is the path for DEVCLOUD_CLOUDS_YAML, and `devcloud net go test ...`\n", err)
		return 1
	}
	bin, err := os.MkdirTemp("", "acceptance-")
	if err != nil {
		fmt.Println("FAIL:", err)
		return 1
	}
	defer os.RemoveAll(bin)
	tester, cloudsim = filepath.Join(bin, "volume-backup-tester"), filepath.Join(bin, "cloudsim")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/volume-backup-tester", "../../cmd/cloudsim").CombinedOutput(); err != nil {
		fmt.Printf("FAIL: building the programs under test: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
