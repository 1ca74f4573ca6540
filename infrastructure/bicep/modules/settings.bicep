// Every app setting of both slots. They are replaced as a whole: what is not here is gone after a deployment.

@description('Required. Name of the function app.')
param functionAppName string

@description('Required. Name of the storage account with queues, tables and releases.')
param storageName string

@description('Required. Name of the storage account with the content shares; empty on a Dedicated plan.')
param contentName string

@description('Required. Content share that production serves now; empty before the first deployment.')
param servedShare string

@description('Required. Names of the Application Insights components: of production, of staging.')
param componentNames array

@description('Required. Client id of the identity of both slots.')
param identityClientId string

@description('Required. Address of the shared mailbox.')
param invoiceMailbox string

@description('Required. Where invoices go.')
param apMailbox string

@description('Required. Reference to the Teams webhook in the vault; empty: cards are only logged.')
param teamsWebhookUrl string

@description('Required. UTC instant; mails received earlier are never touched.')
param ingestSince string

@description('Required. Where mails of the synthetic check go; empty: they are refused.')
param syntheticRecipient string

// Asked for its keys only where it exists; a name must be there all the same.
resource content 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: empty(contentName) ? storageName : contentName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = [for name in componentNames: {
  name: name
}]

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

resource staging 'Microsoft.Web/sites/slots@2024-04-01' existing = {
  parent: app
  name: 'staging'
}

// Both slots, alike.
var settings = {
  FUNCTIONS_EXTENSION_VERSION: '~4'
  FUNCTIONS_WORKER_RUNTIME: 'python'
  // One process beside one instance: the limits of the mailbox are counted in the process. See app.bicep.
  FUNCTIONS_WORKER_PROCESS_COUNT: '1'

  AzureWebJobsStorage__accountName: storageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'

  // The verified package as it is: mounted, and never built again on the way.
  WEBSITE_RUN_FROM_PACKAGE: '1'
  SCM_DO_BUILD_DURING_DEPLOYMENT: 'false'
  ENABLE_ORYX_BUILD: 'false'

  // Otherwise the version of the host stays behind at a swap, and the diagnostics settings can fail it.
  WEBSITE_OVERRIDE_STICKY_EXTENSION_VERSIONS: '0'
  WEBSITE_OVERRIDE_STICKY_DIAGNOSTICS_SETTINGS: '0'
  // By default any answer lets a swap go on, that of a host which cannot start as well. The ping is plain HTTP, so an
  // app that is HTTPS only may redirect it. That the functions are there is proven by the deployment, before and after.
  WEBSITE_SWAP_WARMUP_PING_PATH: '/admin/host/ping'
  WEBSITE_SWAP_WARMUP_PING_STATUSES: '200,301,302,307,308'

  INVOICE_MAILBOX: invoiceMailbox
  AP_MAILBOX: apMailbox
  TEAMS_WEBHOOK_URL: teamsWebhookUrl
  MAIL_INGEST_SCHEDULE: '0 * * * * *'
  INGEST_SINCE: ingestSince
  AP_MAX_PER_MINUTE: '20'
  CLAIM_SECONDS: '900'
  STUCK_AFTER_SECONDS: '900'
  DELIVERY_PATIENCE_SECONDS: '600'
  REDRIVE_LIMIT: '5'
  REPEAT_LIMIT: '20'
  GRAPH_CONCURRENCY: '2'
  GRAPH_BASE_URL: 'https://graph.microsoft.com/v1.0'
  GRAPH_CREDENTIAL: 'managed_identity'
  SYNTHETIC_RECIPIENT: syntheticRecipient
}

// A slot's package lies in its content share, and a swap exchanges the shares. A template that gave each slot its share
// by name would therefore exchange the packages back at its next deployment, after every odd number of swaps
// (https://github.com/MicrosoftDocs/azure-docs/issues/82452). So production keeps what it serves, and staging has the
// other.
var productionShare = servedShare == 'content-b' ? 'content-b' : 'content-a'
var stagingShare = servedShare == 'content-b' ? 'content-a' : 'content-b'

// The key stands in the setting and not in the vault: a reference here would skip the platform's own check of the
// share, and hide nothing, as who may read settings may deploy as well.
var contentSettings = empty(contentName) ? {} : {
  WEBSITE_CONTENTAZUREFILECONNECTIONSTRING: 'DefaultEndpointsProtocol=https;AccountName=${contentName};AccountKey=${content.listKeys().keys[0].value};EndpointSuffix=${environment().suffixes.storage}'
}
var productionContent = empty(contentName) ? {} : { WEBSITE_CONTENTSHARE: productionShare }
var stagingContent = empty(contentName) ? {} : { WEBSITE_CONTENTSHARE: stagingShare }

// Timers and queue triggers run in every slot, on the same storage. Staging's wait until a swap makes it production.
var enabled = {
  'AzureWebJobs.MailIngest.Disabled': 'false'
  'AzureWebJobs.ExtractEnrich.Disabled': 'false'
  'AzureWebJobs.PostToAP.Disabled': 'false'
  'AzureWebJobs.Notify.Disabled': 'false'
  'AzureWebJobs.AddVendor.Disabled': 'false'
}
var disabled = {
  'AzureWebJobs.MailIngest.Disabled': 'true'
  'AzureWebJobs.ExtractEnrich.Disabled': 'true'
  'AzureWebJobs.PostToAP.Disabled': 'true'
  'AzureWebJobs.Notify.Disabled': 'true'
  'AzureWebJobs.AddVendor.Disabled': 'true'
}

// First, so that no swap can come between: what stays where it is, whatever is swapped. Not WEBSITE_CONTENTSHARE, which
// is what a swap exchanges.
resource sticky 'Microsoft.Web/sites/config@2024-04-01' = {
  // checkov:skip=CKV_AZURE_13: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_63: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_65: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_66: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_80: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_88: for the config named web; this one is a list of names
  // checkov:skip=CKV_AZURE_222: for the config named web; this one is a list of names
  parent: app
  name: 'slotConfigNames'
  properties: {
    appSettingNames: [
      'APPLICATIONINSIGHTS_CONNECTION_STRING'
      'AzureWebJobs.MailIngest.Disabled'
      'AzureWebJobs.ExtractEnrich.Disabled'
      'AzureWebJobs.PostToAP.Disabled'
      'AzureWebJobs.Notify.Disabled'
      'AzureWebJobs.AddVendor.Disabled'
    ]
  }
}

resource productionSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  // checkov:skip=CKV_AZURE_13: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_63: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_65: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_66: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_80: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_88: for the config named web; this one is app settings
  // checkov:skip=CKV_AZURE_222: for the config named web; this one is app settings
  parent: app
  name: 'appsettings'
  properties: union(settings, contentSettings, productionContent, enabled, {
    APPLICATIONINSIGHTS_CONNECTION_STRING: component[0].properties.ConnectionString
  })
  dependsOn: [
    sticky
  ]
}

resource stagingSettings 'Microsoft.Web/sites/slots/config@2024-04-01' = {
  parent: staging
  name: 'appsettings'
  properties: union(settings, contentSettings, stagingContent, disabled, {
    APPLICATIONINSIGHTS_CONNECTION_STRING: component[1].properties.ConnectionString
  })
  dependsOn: [
    sticky
  ]
}
