package check

import (
	"strings"
	"testing"

	"volume-backup-tester/internal/cloud"
)

// TestHintOfALogin: who is to act depends on who gave no token.
func TestHintOfALogin(t *testing.T) {
	for _, row := range []struct {
		origin cloud.Origin
		code   int
		want   string
	}{
		{cloud.FromProvider, 400, "the OpenID Connect provider refuses the login"},
		{cloud.FromProvider, 401, "the OpenID Connect provider refuses the login"},
		{cloud.FromProvider, 404, "the OpenID Connect provider refuses the login"},
		{cloud.FromProvider, 429, "the cloud limits the rate of requests"},
		{cloud.FromProvider, 503, "look at the provider's logs"},
		{cloud.FromProvider, 200, "look at the provider's logs"},
		{cloud.FromService, 401, "check the credentials in clouds.yaml"},
		{cloud.FromService, 404, "Keystone does not find what the login names"},
		{cloud.FromService, 503, "Keystone has to work"},
		{"", 0, "check the address, the network"},
	} {
		hint := unreachedHint(&cloud.Error{Service: cloud.Identity, Origin: row.origin, Code: row.code, RetryAfter: -1})
		if !strings.Contains(hint, row.want) {
			t.Errorf("%s, %d: %s", row.origin, row.code, hint)
		}
	}
}
