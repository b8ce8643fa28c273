package cli

import (
	"fmt"
	"strings"
)

// environment and files are what the manual page says beyond --help.
var (
	environment = []struct{ name, means string }{
		{"OS_CLOUD", "the cloud, where --os-cloud does not name one"},
		{"OS_CLIENT_CONFIG_FILE, OS_CLIENT_SECURE_FILE", "where clouds.yaml and secure.yaml are"},
		{"OS_AUTH_URL, OS_USERNAME, ...", "the cloud that --os-cloud envvars means, as an openrc file sets them"},
		{"OS_PASSWORD", "the password, where clouds.yaml has none"},
		{"XDG_CONFIG_HOME, XDG_CONFIG_DIRS", "the user's and the site's configuration directory"},
		{"HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY", "proxies, also in lower case"},
		{"REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE", "certificate authorities to trust instead of the system's"},
		{"NO_COLOR", "if it is set, nothing is coloured"},
	}
	files = []struct{ name, means string }{
		{"clouds.yaml", "The clouds and their credentials, in the working directory, ~/.config/openstack, /etc/xdg/openstack or /etc/openstack; the first one found is read. It may end in .yml or .json instead."},
		{"secure.yaml", "Secrets that are not to be in clouds.yaml, in the same places."},
	}
)

// manPage is the manual page, in the macros of man(7), so that every system's man
// can show it. A date of "" is left out.
func manPage(version, date string) string {
	var b strings.Builder
	name, arguments, _ := strings.Cut(synopsis, " ")
	paragraph := func(text string) { b.WriteString(".PP\n" + roff(text)) }
	entry := func(term, text string) { b.WriteString(".TP\n" + term + "\n" + roff(text)) }

	fmt.Fprintf(&b, ".TH %s 1 \"%s\" \"%s\"\n", escape(strings.ToUpper(name)), date, escape(name+" "+version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- test whether a cloud%ss volume backups work\n", escape(name), escape("'"))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s", escape(name), roff(arguments))
	b.WriteString(".SH DESCRIPTION\n")
	for i, text := range strings.Split(description, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(text))
	}
	paragraph("Results go to standard output, where the last line of a test is \"scs-0117-test-backup:\" and PASS, FAIL or ABORT; a clean-up has none. Diagnostics go to standard error.")
	b.WriteString(".SH OPTIONS\n")
	for _, g := range groups(new(settings)) {
		fmt.Fprintf(&b, ".SS %s\n", escape(g.heading))
		for _, o := range g.options {
			var forms []string
			for _, spelling := range o.spellings() {
				form := `\fB` + escape(spelling) + `\fR`
				if o.value != "" {
					form += ` \fI` + o.value + `\fR`
				}
				forms = append(forms, form)
			}
			entry(strings.Join(forms, ", "), o.text)
		}
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, e := range exits {
		entry(`\fB`+e.status+`\fR`, e.means)
	}
	b.WriteString(".SH ENVIRONMENT\n")
	for _, e := range environment {
		entry(`\fB`+escape(e.name)+`\fR`, e.means)
	}
	b.WriteString(".SH FILES\n")
	for _, f := range files {
		entry(`\fI`+escape(f.name)+`\fR`, f.means)
	}
	b.WriteString(".SH EXAMPLES\n")
	for _, e := range examples {
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", escape(e))
	}
	b.WriteString(".SH SEE ALSO\n.BR openstack (1)\n")
	paragraph("The standard scs-0117 of the Sovereign Cloud Stack; cloudsim --help, for a simulated cloud to try it on.")
	return b.String()
}

// escape writes text for roff as it is: a plain - is a hyphen there, on which a
// search for a flag finds nothing, and quotes are typographic.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`).Replace(text)
}

// roff writes a text as lines of input. One that begins with a dot would be a
// macro.
func roff(text string) string {
	var b strings.Builder
	for _, line := range fold(text, 60) { // escapes make them longer; 80 is the most that is usual
		if strings.HasPrefix(line, ".") {
			b.WriteString(`\&`)
		}
		b.WriteString(escape(line) + "\n")
	}
	return b.String()
}
