// What people are told, and when. The queries are in ../alerts, with the texts that host and app write.
//
// A query ends in exactly one row, so that a rule can tell nothing from no data. Windows are wider than the time
// between two looks at them: telemetry comes up to five minutes late.

@description('Required. Last part of every name.')
param workload string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Resource id of the workspace: AppTraces, FunctionAppLogs and the like, of both slots.')
param workspaceId string

@description('Required. Resource id of production\'s component: traces, requests, exceptions.')
param componentId string

@description('Required. Who gets mail.')
param alertEmail string

@description('Required. Whether the synthetic check runs against this app.')
param isSyntheticChecked bool

@description('Optional. HTTPS endpoint that is called too.')
@secure()
param alertWebhookUrl string = ''

// What these ask for is said once, and its silence does not mean that all is well again. So they never close by
// themselves, ring for every new line, and keep quiet for as long as they would see the same one.
var events = [
  'restarts-exhausted'
  'index-failed'
  'worker-crashed'
  'delivery-unconfirmed'
]

// Severity: 0 nothing works, 1 an invoice is at risk, 2 it may get there, 3 somebody has work to do.
var rules = [
  {
    name: 'restarts-exhausted'
    description: 'The host gave up on its Python worker: no mail is taken in. First: operations diagnose; after a deployment: operations rollback.'
    severity: 0
    scope: workspaceId
    query: loadTextContent('../alerts/restarts_exhausted.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'index-failed'
    description: 'Functions could not be loaded: the package or a setting is broken. First: operations diagnose; after a deployment: operations rollback.'
    severity: 0
    scope: componentId
    query: loadTextContent('../alerts/index_failed.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'functions-missing'
    description: 'The host started with fewer than the five functions. First: operations diagnose; after a deployment: operations rollback.'
    severity: 0
    scope: componentId
    query: loadTextContent('../alerts/functions_missing.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'P1D'
  }
  {
    name: 'ingest-silent'
    description: 'No successful MailIngest for ten minutes: mail stays in the Inbox. First: operations diagnose.'
    severity: 0
    scope: componentId
    query: loadTextContent('../alerts/ingest_silent.kql')
    column: 'runs'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT5M'
    window: 'PT10M'
  }
  {
    name: 'worker-crashed'
    description: 'A Python worker ended or would not start; three in a row stop the host. First: operations diagnose.'
    severity: 2
    scope: workspaceId
    query: loadTextContent('../alerts/worker_crashed.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'error-rate'
    description: 'One percent or more of all runs of the last hour failed. First: operations diagnose, then operations status.'
    severity: 1
    scope: componentId
    query: loadTextContent('../alerts/error_rate.kql')
    column: 'percent'
    operator: 'GreaterThanOrEqual'
    threshold: 1
    frequency: 'PT15M'
    window: 'PT1H'
  }
  {
    name: 'poison'
    description: 'A message was given up and waits for a person. First: operations poison list; then poison retry or poison drop.'
    severity: 1
    scope: componentId
    query: loadTextContent('../alerts/poison.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'delivery-unconfirmed'
    description: 'A mail was sent to AP and nothing proves that it arrived. First: operations trace with the id from the log; ask AP; then release it, or leave it.'
    severity: 1
    scope: componentId
    query: loadTextContent('../alerts/delivery_unconfirmed.kql')
    column: 'found'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT5M'
    window: 'PT15M'
  }
  {
    name: 'stop-left-on'
    description: 'The emergency stop has been on for an hour: no mail is taken in or sent. Resume: operations emergency-stop --resume.'
    severity: 2
    scope: componentId
    query: loadTextContent('../alerts/stop_left_on.kql')
    column: 'left_on'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT1H'
  }
  {
    name: 'watch-silent'
    description: 'For half an hour nobody has counted what waits: poison and waiting mails would go unnoticed. First: operations status.'
    severity: 2
    scope: componentId
    query: loadTextContent('../alerts/watch_silent.kql')
    column: 'lines'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'synthetic-missing'
    description: 'For more than three hours no mail of the synthetic check has arrived, or nobody has sent one. First: the last run of the workflow synthetic; then operations diagnose.'
    severity: 1
    scope: componentId
    query: loadTextContent('../alerts/synthetic_missing.kql')
    column: 'hours'
    operator: 'GreaterThan'
    threshold: 3
    frequency: 'PT30M'
    window: 'PT1H'
  }
  {
    name: 'waiting-long'
    description: 'A mail that was received more than a day ago waits in Needs Vendor or Review. AP: add the vendor, or decide on the mail.'
    severity: 3
    scope: componentId
    query: loadTextContent('../alerts/waiting_long.kql')
    column: 'hours'
    operator: 'GreaterThan'
    threshold: 24
    frequency: 'PT30M'
    window: 'PT1H'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${workload}'
  location: 'global' // action groups have no region
  tags: tags
  properties: {
    groupShortName: 'invoiceagent'
    enabled: true
    emailReceivers: [
      {
        name: 'engineers'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
    webhookReceivers: empty(alertWebhookUrl) ? [] : [
      {
        name: 'on-call'
        serviceUri: alertWebhookUrl
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in rules: {
  name: '${each.name}-${workload}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: each.name
    description: each.description
    severity: each.severity
    enabled: each.name != 'synthetic-missing' || isSyntheticChecked
    scopes: [each.scope]
    evaluationFrequency: each.frequency
    windowSize: each.window
    criteria: {
      allOf: [
        {
          query: each.query
          timeAggregation: 'Maximum'
          metricMeasureColumn: each.column
          operator: each.operator
          threshold: each.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: !contains(events, each.name)
    muteActionsDuration: contains(events, each.name) ? each.window : null
    skipQueryValidation: true // on day one the tables hold nothing, and some are not there yet
    actions: {
      actionGroups: [actionGroup.id]
    }
  }
}]
