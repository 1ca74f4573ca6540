#!/usr/bin/env bash
# Gathers what tells why the app does not run, with nothing but az (logged in), bash and coreutils, and says in short
# how it stands. It changes nothing, and app settings' values never leave az. Usage: bash diagnose.sh --help
#
# `python -m infrastructure.operations diagnose` asks the same: it reads the lines between the two marks below out of
# this file, so that each az command is written once.

usage() {
  cat <<'TEXT'
usage: bash diagnose.sh [--resource-group GROUP] [--app APP] [--slot SLOT] [--storage-account NAME] [--timeout SECONDS]
                        [--save FOLDER]

  --resource-group GROUP   default: $RESOURCE_GROUP, else rg-invoice-agent-prod
  --app APP                default: $FUNCTION_APP, else func-invoice-agent-prod
  --slot SLOT              such as staging; default: production
  --storage-account NAME   default: $STORAGE_ACCOUNT, else what the app's settings name
  --timeout SECONDS        for each az command; default: 60
  --save FOLDER            keep the answers there; the causes are ranked from them elsewhere by
                           python -m infrastructure.operations diagnose --from FOLDER

Exit codes: 0 looks healthy; 1 nothing could be gathered; 2 usage; 3 something is wrong.
TEXT
}

group=${RESOURCE_GROUP:-rg-invoice-agent-prod}
app=${FUNCTION_APP:-func-invoice-agent-prod}
storage=${STORAGE_ACCOUNT:-}
slot='' seconds=60 folder='' is_kept=''
subscription='' plan_id='' scm='' principal='' insights='' workspace='' package=''
functions='MailIngest ExtractEnrich PostToAP Notify AddVendor'
runtime='Python|3.11'

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --resource-group | --app | --slot | --storage-account | --timeout | --save)
      [ -n "${2:-}" ] || { echo "diagnose.sh: $1 wants a value" >&2 && exit 2; }
      case $1 in
        --resource-group) group=$2 ;;
        --app) app=$2 ;;
        --slot) slot=$2 ;;
        --storage-account) storage=$2 ;;
        --timeout) seconds=$2 ;;
        --save) folder=$2 is_kept=yes ;;
      esac
      shift 2
      ;;
    *) echo "diagnose.sh: unknown argument $1; see --help" >&2 && exit 2 ;;
  esac
done
case $seconds in '' | *[!0-9]*) echo "diagnose.sh: --timeout wants a whole number, not $seconds" >&2 && exit 2 ;; esac
[ "$slot" = production ] && slot=''
slot_path=${slot:+/slots/$slot} slot_suffix=${slot:+-$slot} workload=${group#rg-}

command -v az >/dev/null || {
  echo 'diagnose.sh: az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli, then: az login' >&2
  exit 1
}
export AZURE_CORE_NO_COLOR=true AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no
limit=''
command -v timeout >/dev/null && limit="timeout $seconds"

# Secrets that a log line or an error may quote: each pattern's first group stays, the rest becomes ***.
# >>> secrets: one extended regular expression a line
secrets='([Aa]ccount[Kk]ey=)[^;"\\ ]+
([Ss]hared[Aa]ccess[A-Za-z]*=)[^;"\\ ]+
([?&](code|key|token)=)[^&;"\\ ]+
((^|[^A-Za-z0-9_])(sig|[Pp]assword)=)[^&;"\\ ]+
([Ii]nstrumentation[Kk]ey=)[^;"\\ ]+
([Bb]earer )[A-Za-z0-9._~+/-]+
("?[A-Za-z]*([Pp]assword|[Ss]ecret|[Aa]pi[Kk]ey)"?[:=] ?"?)[^";, ]+
([^A-Za-z0-9]|^)eyJ[A-Za-z0-9_-]+[.][A-Za-z0-9_.-]+'
# <<< secrets
without_secrets() {
  local arguments=() pattern
  while IFS= read -r pattern; do arguments+=(-e "s#$pattern#\\1***#g"); done <<<"$secrets"
  sed -E "${arguments[@]}"
}

# asked FILE ARGUMENT...: az's answer in FILE, or why there is none in FILE with .failed for its ending.
asked() {
  local file=$1 failed=${1%.*}.failed arguments=() status all
  shift
  all=$*
  case $all in
    *'<'*' unknown>'*)
      all=${all#*<}
      echo "not asked: ${all%% unknown>*} is not known" >"$failed"
      return 1
      ;;
  esac
  while [ $# -gt 0 ]; do # an empty --slot is none
    if [ "$1" = --slot ] && [ -z "$2" ]; then shift 2; else arguments+=("$1") && shift; fi
  done
  # shellcheck disable=SC2086 # two words, or none
  $limit az "${arguments[@]}" --only-show-errors </dev/null >"$folder/stdout" 2>"$folder/stderr"
  status=$?
  if [ $status -eq 0 ]; then
    without_secrets <"$folder/stdout" >"$file"
  elif [ $status -eq 124 ]; then
    echo "no answer within $seconds seconds" >"$failed"
  else
    { echo "az ended with $status:" && cat "$folder/stderr"; } | without_secrets >"$failed"
  fi
  rm -f "$folder/stdout" "$folder/stderr"
  return $status
}

# learn NAME ARGUMENT...: sets the variable to az's answer, unless it was given.
learn() {
  local name=$1 value
  shift
  [ -n "${!name}" ] && return
  asked "$folder/$name.txt" "$@" --output tsv && value=$(tr -d '\r\n' <"$folder/$name.txt")
  printf -v "$name" '%s' "${value:-<$name unknown>}"
}

# ask NAME ARGUMENT...: keeps az's answer, and shows it.
ask() {
  local name=$1
  shift
  if asked "$folder/$name.json" "$@" --output json && grep -q '^ *<' "$folder/$name.json"; then
    echo 'the answer is a page of HTML, not JSON' >"$folder/$name.failed" && rm "$folder/$name.json"
  fi
  show "$name"
}

# digest NAME ARGUMENT...: keeps the SHA-256 of the file that az downloads.
digest() {
  local name=$1
  shift
  if asked "$folder/$name.json" "$@" --output-file "$folder/download"; then
    echo "{\"sha256\": \"$(sha256sum <"$folder/download" | cut -d ' ' -f 1)\"}" >"$folder/$name.json"
  fi
  rm -f "$folder/download"
  show "$name"
}

show() {
  echo "== $1"
  if [ -f "$folder/$1.failed" ]; then head -n 6 "$folder/$1.failed" && return; fi
  head -n 60 "$folder/$1.json"
  [ "$(wc -l <"$folder/$1.json")" -le 60 ] || echo "... see all of it with --save"
}

gather() {
  # >>> asked: one command a line; \ at its end joins the next
  learn subscription account show --query id
  arm="https://management.azure.com"
  production="$arm/subscriptions/$subscription/resourceGroups/$group/providers/Microsoft.Web/sites/$app"
  site="$production$slot_path"
  web="api-version=2024-04-01"
  learn plan_id rest --method get --url "$site?$web" --query properties.serverFarmId
  learn scm rest --method get --url "$site?$web" \
    --query "properties.hostNameSslStates[?hostType=='Repository'].name|[0]"
  learn principal rest --method get --url "$site?$web" \
    --query "(identity.userAssignedIdentities.*.principalId)[0]||identity.principalId"
  learn storage functionapp config appsettings list --resource-group "$group" --name "$app" --slot "$slot" \
    --query "[?name=='AzureWebJobsStorage__accountName'].value|[0]"
  learn insights resource show --resource-group "$group" --name "ai-$workload$slot_suffix" \
    --resource-type microsoft.insights/components --query properties.AppId
  learn workspace monitor log-analytics workspace show --resource-group "$group" --workspace-name "log-$workload" \
    --query customerId
  packages="https://$scm/api/vfs/data/SitePackages"
  learn package rest --method get --resource "$arm/" --url "$packages/packagename.txt"

  ask account account show --query "{subscription:id,name:name,tenant:tenantId,user:user.name}"
  ask app functionapp show --resource-group "$group" --name "$app" --slot "$slot" --query "{\
state:state||properties.state,enabled:not_null(enabled,properties.enabled),\
availability:availabilityState||properties.availabilityState,\
usage:usageState||properties.usageState,subnet:virtualNetworkSubnetId||properties.virtualNetworkSubnetId,\
modified:lastModifiedTimeUtc||properties.lastModifiedTimeUtc,identity:identity.type,\
clients:identity.userAssignedIdentities.*.clientId}"
  ask config functionapp config show --resource-group "$group" --name "$app" --slot "$slot" \
    --query "{linuxFxVersion:linuxFxVersion||properties.linuxFxVersion}"
  ask plan rest --method get --url "$arm$plan_id?$web" --query "{sku:sku.name,tier:sku.tier,status:properties.status}"
  ask host rest --method get --url "$site/hostruntime/admin/host/status?$web" --query "{\
state:state||properties.state,version:version||properties.version,errors:errors||properties.errors}"
  ask live rest --method get --url "$site/hostruntime/admin/functions?$web" \
    --query "(value||@)[].{name:name||properties.name,isDisabled:isDisabled||properties.isDisabled}"
  ask functions rest --method get --url "$site/functions?$web" \
    --query "value[].{name:properties.name||name,isDisabled:properties.isDisabled}"
  ask settings functionapp config appsettings list --resource-group "$group" --name "$app" --slot "$slot" \
    --query "[].{name:name,isSticky:slotSetting,isEmpty:value=='',hasKey:contains(not_null(value,''),'AccountKey='),\
isReference:starts_with(not_null(value,''),'@Microsoft.KeyVault('),shown:(starts_with(name,'AzureWebJobs.')\
||contains(['FUNCTIONS_EXTENSION_VERSION','FUNCTIONS_WORKER_RUNTIME','WEBSITE_RUN_FROM_PACKAGE',\
'SCM_DO_BUILD_DURING_DEPLOYMENT','ENABLE_ORYX_BUILD','AzureWebJobsStorage__accountName',\
'AzureWebJobsStorage__credential','AzureWebJobsStorage__clientId','GRAPH_CREDENTIAL','MAIL_INGEST_SCHEDULE'],name))\
&&value}"
  ask references rest --method get --url "$site/config/configreferences/appsettings?$web" --query "value[].{name:name,\
status:properties.status,details:properties.details,vault:properties.vaultName,entry:properties.secretName}"
  ask deployments rest --method get --url "$site/deployments?$web" --query "value[].properties.{status:status,\
by:author,tool:deployer,message:message,at:received_time||start_time,isActive:active}"
  digest deployed rest --method get --resource "$arm/" --url "$packages/$package"
  ask last_good rest --method get --resource https://storage.azure.com/ --headers x-ms-version=2021-12-02 \
    --url "https://$storage.blob.core.windows.net/releases/last-good.json"
  ask changes monitor activity-log list --resource-group "$group" --offset 3d --max-events 200 \
    --query "[?status.value=='Succeeded'].{at:eventTimestamp,by:caller,what:operationName.value,on:resourceId}"
  ask health rest --method get \
    --url "$production/providers/Microsoft.ResourceHealth/availabilityStatuses/current?api-version=2020-05-01" \
    --query "properties.{state:availabilityState,summary:summary,reason:reasonType}"
  ask incidents rest --method get \
    --url "$arm/subscriptions/$subscription/providers/Microsoft.ResourceHealth/events?api-version=2022-10-01" \
    --query "value[?properties.eventType=='ServiceIssue'&&properties.status=='Active'].properties.{title:title,\
services:impact[].impactedService}"
  ask storage_account storage account show --resource-group "$group" --name "$storage" --query "{\
id:id,provisioning:provisioningState,\
primary:statusOfPrimary,sharedKey:allowSharedKeyAccess,publicAccess:publicNetworkAccess,\
defaultAction:networkRuleSet.defaultAction}"
  scope="$arm/subscriptions/$subscription/resourceGroups/$group"
  ask roles rest --method get --url "$scope/providers/Microsoft.Authorization/roleAssignments?\
api-version=2022-04-01&%24filter=principalId%20eq%20'$principal'" \
    --query "value[].properties.{role:roleDefinitionId,scope:scope}"
  ask stop storage entity show --account-name "$storage" --auth-mode login --table-name Control \
    --partition-key control --row-key emergency-stop --query "{stopped:Stopped,why:Why,by:By}"
  ask poison storage entity query --account-name "$storage" --auth-mode login --table-name PoisonMessages \
    --num-results 500 --query "items[].{queue:PartitionKey}"
  ask queue-raw-mail storage message peek --account-name "$storage" --auth-mode login --num-messages 32 \
    --queue-name raw-mail --query "[].{since:insertionTime,tries:dequeueCount}"
  ask queue-to-post storage message peek --account-name "$storage" --auth-mode login --num-messages 32 \
    --queue-name to-post --query "[].{since:insertionTime,tries:dequeueCount}"
  ask queue-notify storage message peek --account-name "$storage" --auth-mode login --num-messages 32 \
    --queue-name notify --query "[].{since:insertionTime,tries:dequeueCount}"
  ask queue-add-vendor storage message peek --account-name "$storage" --auth-mode login --num-messages 32 \
    --queue-name add-vendor --query "[].{since:insertionTime,tries:dequeueCount}"
  telemetry="https://api.applicationinsights.io"
  ask errors rest --method get --resource "$telemetry" --url "$telemetry/v1/apps/$insights/query" --uri-parameters \
    "query=union traces, exceptions | where timestamp > ago(24h) and (itemType == 'exception' or severityLevel >= 2) \
| extend said = iff(itemType == 'exception', strcat(type, ': ', outerMessage, ' ', innermostMessage), message) \
| extend said = replace_regex(substring(said, 0, 700), '[0-9a-f]{32}', 'ID') \
| summarize level = max(iff(itemType == 'exception', 3, severityLevel)), seen = sum(itemCount), last = max(timestamp) \
by said | top 200 by last desc | project said, level, seen, last" --query "tables[0].rows"
  ask starts rest --method get --resource "$telemetry" --url "$telemetry/v1/apps/$insights/query" --uri-parameters \
    "query=traces | where timestamp > ago(24h) and message endswith 'functions loaded' | top 50 by timestamp desc \
| project timestamp, message" --query "tables[0].rows"
  ask runs rest --method get --resource "$telemetry" --url "$telemetry/v1/apps/$insights/query" --uri-parameters \
    "query=requests | where timestamp > ago(24h) | summarize runs = sum(itemCount), failed = sumif(itemCount, \
success == false), good = maxif(timestamp, success == true), recent = sumif(itemCount, timestamp > ago(1h)), \
recent_failed = sumif(itemCount, timestamp > ago(1h) and success == false) by name \
| project name, runs, failed, good, recent, recent_failed" \
    --query "tables[0].rows"
  ask watch rest --method get --resource "$telemetry" --url "$telemetry/v1/apps/$insights/query" --uri-parameters \
    "query=traces | where timestamp > ago(24h) and message startswith 'watch: ' | top 1 by timestamp desc \
| project timestamp, message" --query "tables[0].rows"
  logs="https://api.loganalytics.io"
  ask host_log rest --method get --resource "$logs" --url "$logs/v1/workspaces/$workspace/query" --uri-parameters \
    "query=FunctionAppLogs | where TimeGenerated > ago(24h) and Level in ('Error', 'Critical') \
| where _ResourceId endswith '/sites/$app$slot_path' \
| extend said = substring(strcat(Message, ' ', ExceptionType, ' ', ExceptionMessage), 0, 700) \
| summarize seen = count(), last = max(TimeGenerated) by said | top 100 by last desc \
| project said, level = 3, seen, last" \
    --query "tables[0].rows"
  # <<< asked
}

# value NAME KEY: the first text of that key in an answer.
value() {
  [ -f "$folder/$1.json" ] && sed -n "s/.*\"$2\": *\"\\([^\"]*\\)\".*/\\1/p" "$folder/$1.json" | head -n 1
}

judge() {
  local state host version list=functions loaded=0 missing='' name failed=''
  state=$(value app state) host=$(value host state) version=$(value config linuxFxVersion)
  [ -f "$folder/live.json" ] && list=live
  for name in $functions; do
    if grep -Eqs "\"name\": *\"([^\"]*/)?$name\"" "$folder/$list.json"; then
      loaded=$((loaded + 1))
    else
      missing="$missing $name"
    fi
  done
  for name in "$folder"/*.failed; do
    case $name in # rows and queues that are made when they are first needed
      */stop.failed | */poison.failed | */queue-*.failed) grep -q 'NotFound' "$name" && continue ;;
    esac
    [ -f "$name" ] && failed="$failed $(basename "$name" .failed)"
  done
  echo '== verdict'
  echo "functions loaded: $loaded of 5${missing:+, missing:$missing}"
  echo "app: ${state:-unknown}; host: ${host:-unknown}; runtime: ${version:-unknown} (wanted $runtime)"
  echo "kinds of errors and warnings in 24 h: $(grep -cs '^  \[' "$folder/errors.json" || echo unknown)"
  [ -z "$failed" ] || echo "no answer:$failed"
  [ -n "$is_kept" ] && echo "ranked causes: python -m infrastructure.operations diagnose --from $folder"
  [ -n "$state$version" ] || return 1
  version=$(echo "$version" | tr '[:lower:]' '[:upper:]') # Azure spells it either way
  [ "$version" = "${runtime/Python/PYTHON}" ] || return 3
  [ "$loaded" -eq 5 ] && [ "$state" = Running ] && [ "$host" = Running ] || return 3
}

if [ -n "$is_kept" ]; then
  { mkdir -p "$folder" && [ -z "$(ls -A "$folder")" ]; } || {
    echo "diagnose.sh: $folder: wanted an empty folder that can be written" >&2
    exit 2
  }
else
  folder=$(mktemp -d) || exit 1
  trap 'rm -rf "$folder"' EXIT
fi
printf '%s\n' "at=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "group=$group" "app=$app" "slot=$slot" >"$folder/about.txt"
gather
judge
