#!/usr/bin/env bash
# Checks that no role for mail is granted tenant-wide, in Entra, to a service principal: such a role holds for every
# mailbox, and adds to what Exchange grants for one, so that the scope made by grant.ps1 would protect nothing
# (https://learn.microsoft.com/exchange/permissions-exo/application-rbac). Changes nothing; needs az, logged in.

usage() {
  cat <<'TEXT'
usage: bash tenant_wide_roles.sh --object-id ID

  --object-id ID   object id of a service principal; of a managed identity: its principal id

Exit codes: 0 none is granted; 1 could not ask; 2 usage; 3 one is granted, with the command that takes it away.
TEXT
}

case ${1:-} in
  --help | -h) usage && exit 0 ;;
  --object-id) id=${2:-} ;;
  *) id='' ;;
esac
if [ $# -ne 2 ] || ! [[ $id =~ ^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$ ]]; then
  echo "tenant_wide_roles.sh: wanted --object-id and the id of a service principal; see --help" >&2
  exit 2
fi
command -v az >/dev/null || {
  echo 'tenant_wide_roles.sh: az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli' >&2
  exit 1
}

graph=https://graph.microsoft.com/v1.0
ask() { az rest --method get --url "$1" --query "$2" --output tsv --only-show-errors </dev/null || exit 1; }

# Roles of Graph that begin with Mail (Mail.Send, Mail.ReadWrite, MailboxSettings.Read ...): id, tab, name.
mail_roles=$(ask "$graph/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')" \
  "appRoles[?starts_with(value,'Mail')].[id,value]") || exit 1
[ -n "$mail_roles" ] || {
  echo "tenant_wide_roles.sh: Graph named none of its roles; is the login allowed to read the directory?" >&2
  exit 1
}
# What was granted: assignment, role, and the API that it is a role of.
granted=$(ask "$graph/servicePrincipals/$id/appRoleAssignments?%24top=999" \
  "value[].[id,appRoleId,resourceDisplayName]") || exit 1

# name_of ROLE: its name, or nothing where it is none for mail.
name_of() {
  local known value
  while IFS=$'\t' read -r known value; do [ "$known" = "$1" ] && echo "$value"; done <<<"$mail_roles"
}

found=0
while IFS=$'\t' read -r assignment role api; do
  [ -n "$assignment" ] || continue
  name=$(name_of "$role")
  # Every role on Exchange's own API is for all mailboxes: full_access_as_app, IMAP.AccessAsApp, SMTP.SendAsApp ...
  [ "$api" = 'Office 365 Exchange Online' ] && name=${name:-$role}
  [ -n "$name" ] || continue
  found=$((found + 1))
  echo "tenant-wide: $name of $api; it holds for every mailbox"
  echo "  take it away: az rest --method delete --url '$graph/servicePrincipals/$id/appRoleAssignments/$assignment'"
done <<<"$granted"

[ "$found" -eq 0 ] || exit 3
echo "no role for mail is granted tenant-wide to $id"
