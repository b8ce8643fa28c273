package cli

import (
	"fmt"
	"strings"

	"volume-backup-tester/internal/check"
)

// shells are those that --completion knows.
var shells = []string{"bash", "zsh", "fish"}

// completion is the script for a shell; "" for none.
func completion(shell string) string {
	switch shell {
	case "bash":
		return bashCompletion()
	case "zsh":
		return zshCompletion()
	case "fish":
		return fishCompletion()
	}
	return ""
}

// words are what a shell offers as the option's value; "": nothing, or files.
func (o option) words() string {
	if o.offers == offerChecks {
		return strings.Join(check.Names(), " ")
	}
	if values := strings.Split(o.value, "|"); len(values) > 1 {
		return strings.Join(values, " ")
	}
	return ""
}

// bashCompletion needs no other package: bash-completion's helpers are not
// everywhere. $list is what a comma-separated list begins with.
func bashCompletion() string {
	var all []string
	var values strings.Builder
	for _, o := range options(new(settings)) {
		all = append(all, o.spellings()...)
		pattern := strings.Join(o.spellings(), " | ")
		switch {
		case o.value == "":
		case o.offers == offerFiles: // readline completes them itself
			fmt.Fprintf(&values, "    %s) compopt -o default 2>/dev/null; return ;;\n", pattern)
		case o.offers == offerChecks:
			fmt.Fprintf(&values, "    %s) words='%s' list=${word%%\"${word##*,}\"} ;;\n", pattern, o.words())
		default:
			fmt.Fprintf(&values, "    %s) words='%s' ;;\n", pattern, o.words())
		}
	}
	return fmt.Sprintf(`# bash completion of volume-backup-tester
_volume_backup_tester() {
    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} words= list=
    COMPREPLY=()
    # --flag=value is three words
    if [[ $word == = ]]; then
        word=
    elif [[ $flag == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case $flag in
%s    *)
        words=%s
        if [[ $word == -* ]]; then words='%s'; fi ;;
    esac
    COMPREPLY=($(compgen -P "$list" -W "$words" -- "${word#"$list"}"))
}
complete -F _volume_backup_tester volume-backup-tester
`, &values, check.TestCase, strings.Join(all, " "))
}

// zshQuoter makes a text fit between single quotes and brackets.
var zshQuoter = strings.NewReplacer(`'`, `'\''`, `\`, `\\`, `[`, `\[`, `]`, `\]`)

// zshCompletion is a file for a directory in fpath.
func zshCompletion() string {
	var specs strings.Builder
	for _, o := range options(new(settings)) {
		forms := "--" + o.name
		if o.value != "" {
			forms += "="
		}
		if o.short != "" {
			short := "-" + o.short
			if o.value != "" {
				short += "+" // the value may follow in the same word
			}
			forms = fmt.Sprintf("(%s)'{%s,%s}'", strings.Join(o.spellings(), " "), short, forms)
		}
		action := ""
		switch {
		case o.value == "":
		case o.offers == offerFiles:
			action = fmt.Sprintf(":%s:_files", o.value)
		case o.offers == offerChecks:
			action = fmt.Sprintf(":%s:_sequence compadd - %s", o.value, o.words())
		default:
			action = fmt.Sprintf(":%s:(%s)", o.value, o.words())
		}
		fmt.Fprintf(&specs, " \\\n  '%s[%s]%s'", forms, zshQuoter.Replace(o.text), action)
	}
	return fmt.Sprintf("#compdef volume-backup-tester\n# zsh completion of volume-backup-tester\n_arguments -s -S%s \\\n  '1:test case:(%s)'\n", &specs, check.TestCase)
}

// fishQuoter makes a text fit between single quotes.
var fishQuoter = strings.NewReplacer(`'`, `\'`, `\`, `\\`)

func fishCompletion() string {
	var b strings.Builder
	const begins = "complete -c volume-backup-tester"
	fmt.Fprintf(&b, `# fish completion of volume-backup-tester
function __volume_backup_tester_list
    # what a comma-separated list may go on with
    set -l begun (string replace -r '^--[^=]*=' '' -- (commandline -ct) | string replace -r '[^,]*$' '')
    for word in $argv
        echo -- "$begun$word"
    end
end
%s -f -a %s
`, begins, check.TestCase)
	for _, o := range options(new(settings)) {
		fmt.Fprintf(&b, "%s -l %s", begins, o.name)
		if o.short != "" {
			fmt.Fprintf(&b, " -s %s", o.short)
		}
		switch {
		case o.value == "":
		case o.offers == offerFiles:
			b.WriteString(" -r -F")
		case o.offers == offerChecks:
			fmt.Fprintf(&b, " -x -a '(__volume_backup_tester_list %s)'", o.words())
		default:
			fmt.Fprintf(&b, " -x -a '%s'", o.words())
		}
		fmt.Fprintf(&b, " -d '%s'\n", fishQuoter.Replace(o.text))
	}
	return b.String()
}
