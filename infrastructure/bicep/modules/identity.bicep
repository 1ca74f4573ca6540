// Who the app is to storage, vault, telemetry and mailbox. One for both slots: an identity belongs to its slot and does
// not swap, so two would need every role twice, and Exchange's scope twice.

@description('Required. Name of the user-assigned identity.')
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id

@description('Client id, which says which identity is meant where there may be several.')
output clientId string = identity.properties.clientId

@description('Object id, which roles are granted to.')
output principalId string = identity.properties.principalId
