// One workspace, and a component for each slot: what runs in staging must not look like production to the alerts.

@description('Required. Name of the Log Analytics workspace.')
param workspaceName string

@description('Required. Name of production\'s Application Insights component; staging\'s ends in -staging.')
param componentName string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

var stagingName = '${componentName}-staging'

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 90 // as long as Application Insights keeps without a charge
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
    // No daily cap: the day that reaches it is the day on which the alerts are needed.
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = [for name in [componentName, stagingName]: {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'
    // The connection string then only says where to; who may write is a matter of roles.
    DisableLocalAuth: true
  }
}]

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of production\'s component.')
output componentId string = component[0].id

@description('Names of the components: of production, of staging.')
output componentNames array = [component[0].name, component[1].name]
